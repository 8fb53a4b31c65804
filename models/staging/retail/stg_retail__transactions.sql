with source as (

    select
        order_id,
        line_no,
        line_type,
        order_status,
        channel,
        store_id,
        customer_id,
        ordered_at,
        processed_at,
        currency,
        sku,
        product_name,
        category,
        brand,
        unit_price,
        quantity,
        page_url,
        page_referrer,
        ttclid,
        ttp,
        ip,
        user_agent
    from {{ source('retail', 'transactions') }}

),

deduplicated as (

    {#- The till repeats whole rows after a lost connection; rows that differ are lines of their
        own. #}
    select distinct
        order_id,
        line_no,
        line_type,
        order_status,
        channel,
        store_id,
        customer_id,
        ordered_at,
        processed_at,
        currency,
        sku,
        product_name,
        category,
        brand,
        unit_price,
        quantity,
        page_url,
        page_referrer,
        ttclid,
        ttp,
        ip,
        user_agent
    from source

),

typed as (

    select
        order_id,
        {{ whole_number('line_no') }} as line_no,
        lower(trim(line_type)) as line_type,
        lower(trim(order_status)) as order_status,
        lower(trim(channel)) as channel,
        store_id,
        nullif(trim(customer_id), '') as customer_id,
        {{ utc_timestamp('ordered_at', zoneless_is_utc=true) }} as ordered_at,
        {{ utc_timestamp('processed_at', zoneless_is_utc=true) }} as processed_at,
        upper(trim(currency)) as currency,
        sku,
        product_name,
        category,
        brand,
        {{ exact_decimal('unit_price') }} as unit_price,
        {{ whole_number('quantity') }} as quantity,
        page_url,
        page_referrer,
        ttclid,
        ttp,
        ip,
        user_agent
    from deduplicated

),

final as (

    select
        order_id,
        line_no,
        line_type = 'refund'
        or coalesce(quantity, 0) < 0
        or coalesce(unit_price, 0) < 0 as is_refund,
        order_status,
        case
            when channel in ('store', 'pos') then 'in_store'
            when channel = 'web' then 'website'
            when channel = 'phone' then 'phone_call'
            when channel in ('email', 'crm') then channel
            else 'other'
        end as channel,
        store_id as shop_id,
        customer_id,
        ordered_at,
        processed_at,
        currency,
        sku,
        product_name,
        category,
        brand,
        unit_price,
        quantity,
        cast(unit_price * quantity as decimal(18, 2)) as amount,
        page_url,
        page_referrer,
        ttclid,
        ttp,
        ip,
        user_agent
    from typed

)

select * from final
