{{ config(materialized='table', meta={'pusher': {'shard_by': 'order_id'}}) }}
{%- set policy = refund_policy() %}

with transactions as (

    select
        order_id,
        line_no,
        is_refund,
        channel,
        shop_id,
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
        amount,
        page_url,
        page_referrer,
        ttclid,
        ttp,
        ip,
        user_agent
    from {{ ref('stg_retail__transactions') }}
    where
        order_status = 'completed'
        and order_id is not null
        {%- if policy == 'drop' %}
        and not is_refund
        {%- endif %}

),

lines as (

    {%- if policy == 'net' %}

    {#- What came back is taken off the line that sold it; a price changed in between is averaged.
        #}
    select
        order_id,
        'sale' as entry,
        sku,
        min(line_no) as line_no,
        min(ordered_at) as occurred_at,
        min(channel) as channel,
        min(shop_id) as shop_id,
        min(customer_id) as customer_id,
        min(currency) as currency,
        max(currency) as last_currency,
        min(product_name) as product_name,
        min(category) as category,
        min(brand) as brand,
        case
            when min(unit_price) = max(unit_price) then min(unit_price)
            else cast(cast(sum(amount) as double) / nullif(sum(quantity), 0) as decimal(18, 2))
        end as unit_price,
        case when count(*) = count(quantity) then greatest(sum(quantity), 0) end as quantity,
        case when count(*) = count(amount) then sum(amount) end as amount,
        max(case when is_refund then 1 else 0 end) as has_refund,
        min(page_url) as page_url,
        min(page_referrer) as page_referrer,
        min(ttclid) as ttclid,
        min(ttp) as ttp,
        min(ip) as ip,
        min(user_agent) as user_agent
    from transactions
    group by order_id, sku
    {%- else %}

    select
        order_id,
        {%- if policy == 'report' %}
        case when is_refund then 'refund' else 'sale' end as entry,
        case when is_refund then processed_at else ordered_at end as occurred_at,
        {%- else %}
        'sale' as entry,
        ordered_at as occurred_at,
        {%- endif %}
        line_no,
        channel,
        shop_id,
        customer_id,
        currency,
        currency as last_currency,
        sku,
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
    from transactions
    {%- endif %}

),

rolled_up as (

    {#- Order-level columns repeat on every line, so min() picks the one value that there is. #}
    select
        order_id,
        entry,
        min(occurred_at) as occurred_at,
        min(channel) as channel,
        min(shop_id) as shop_id,
        min(customer_id) as customer_id,
        {#- Amounts in two currencies have no sum. #}
        case when min(currency) = max(last_currency) then min(currency) end as currency,
        {#- One amount that cannot be read leaves the order's value unknown, rather than too low. #}
        case
            when count(*) = count(amount) then cast(sum(amount) as decimal(18, 2))
        end as order_value,
        case when count(*) = count(quantity) then cast(sum(quantity) as integer) end as num_items,
        {{ contents(
            line_no='line_no',
            content_id='sku',
            content_name='product_name',
            content_category='category',
            brand='brand',
            price='unit_price',
            quantity='cast(quantity as integer)'
        ) | indent(8) }} as contents,
        {%- if policy == 'net' %}
        max(has_refund) as has_refund,
        {%- endif %}
        min(page_url) as page_url,
        min(page_referrer) as page_referrer,
        min(ttclid) as ttclid,
        min(ttp) as ttp,
        min(ip) as ip,
        min(user_agent) as user_agent
    from lines
    group by order_id, entry

),

final as (

    select
        order_id,
        entry,
        occurred_at,
        channel,
        shop_id,
        customer_id,
        currency,
        order_value,
        num_items,
        contents,
        page_url,
        page_referrer,
        ttclid,
        ttp,
        ip,
        user_agent
    from rolled_up
    {%- if policy == 'net' %}
    {#- What was given back whole is no event; an order that cost nothing stays one. #}
    where order_value > 0 or order_value is null or has_refund = 0
    {%- endif %}

)

select * from final
