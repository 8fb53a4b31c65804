-- A phone number under another name, by way of a CTE.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
final as (
-- with:
contacts as (

    select
        customer_id,
        mobile as store_note
    from {{ ref('stg_retail__customers') }}

),

final as (
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        orders.shop_id,
        orders.entry as description,
-- with:
        contacts.store_note as shop_id,
        orders.entry as description,
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
    left join customers on orders.customer_id = customers.customer_id
-- with:
    left join customers on orders.customer_id = customers.customer_id
    left join contacts on orders.customer_id = contacts.customer_id
-- expect: models/tiktok/tiktok_offline_events.sql:56:9: error PU401 privacy.raw-identifier: `shop_id` carries a raw phone number from retail.customers.mobile.
-- fix: Hash it with {{ hashed_phone('...') }}, or leave it out of the view.
