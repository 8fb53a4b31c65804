-- A raw address hides in a struct of the items.
-- file: models/intermediate/int_orders__rolled_up.sql
-- replace:
    from {{ ref('stg_retail__transactions') }}
    where
-- with:
    from {{ ref('stg_retail__transactions') }}
    left join {{ ref('stg_retail__customers') }} as buyers using (customer_id)
    where
-- file: models/intermediate/int_orders__rolled_up.sql
-- replace:
        product_name,
        category,
        brand,
        unit_price,
        quantity,
        amount,
        page_url,
        page_referrer,
        ttclid,
        ttp,
        ip,
        user_agent
    from {{ ref('stg_retail__transactions') }}
-- with:
        buyers.email as product_name,
        category,
        brand,
        unit_price,
        quantity,
        amount,
        page_url,
        page_referrer,
        ttclid,
        ttp,
        ip,
        user_agent
    from {{ ref('stg_retail__transactions') }}
-- expect: models/tiktok/tiktok_offline_events.sql:43:9: error PU401 privacy.raw-identifier: `contents` carries a raw e-mail address from retail.customers.email.
-- fix: Hash it with {{ hashed_email('...') }}, or leave it out of the view.
-- expect: models/tiktok/tiktok_web_events.sql:83:9: error PU401 privacy.raw-identifier: `contents` carries a raw e-mail address from retail.customers.email.
-- fix: Hash it with {{ hashed_email('...') }}, or leave it out of the view.
