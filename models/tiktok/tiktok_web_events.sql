{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'web_events'}}) }}

with orders as (

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
    from {{ ref('int_orders__rolled_up') }}
    where
        channel = 'website'
        and {{ lookback('occurred_at') }}

),

customers as (

    select
        customer_id,
        emails,
        phones
    from {{ ref('int_customers__identified') }}

),

not_agreed as (

    {#- Known customers only: whether a guest's visit may be told is what the shop's own banner asked. #}
    select customer_id
    from {{ ref('stg_retail__customers') }}
    where customer_id is not null
    group by customer_id
    having max(case when {{ consented('has_consent') }} then 1 else 0 end) = 0

),

first_orders as (

    {#- All channels and all of history: who bought in a store before is not new to the web shop. #}
    select
        customer_id,
        min(occurred_at) as first_ordered_at
    from {{ ref('int_orders__rolled_up') }}
    where
        entry = 'sale'
        and customer_id is not null
    group by customer_id

),

final as (

    select
        'Purchase' as event,
        {{ event_id('Purchase', 'orders.order_id', 'orders.entry') | indent(8) }} as event_id,
        orders.occurred_at as event_time,
        customers.emails as email,
        customers.phones as phone,
        case
            when not_agreed.customer_id is null then {{ hashed_external_id('orders.customer_id') }}
        end as external_id,
        case when not_agreed.customer_id is null then orders.ttclid end as ttclid,
        case when not_agreed.customer_id is null then orders.ttp end as ttp,
        case when not_agreed.customer_id is null then orders.ip end as ip,
        case when not_agreed.customer_id is null then orders.user_agent end as user_agent,
        orders.page_url,
        orders.page_referrer,
        orders.order_value as value,
        orders.currency,
        orders.contents,
        'product' as content_type,
        orders.num_items,
        orders.order_id,
        orders.shop_id,
        orders.entry as description,
        case
            when orders.occurred_at > first_orders.first_ordered_at then 'returning'
            when orders.occurred_at = first_orders.first_ordered_at then 'new'
        end as customer_type,
        orders.channel as event_channel,
        'Northwind Outfitters' as brand
    from orders
    left join customers on orders.customer_id = customers.customer_id
    left join not_agreed on orders.customer_id = not_agreed.customer_id
    left join first_orders on orders.customer_id = first_orders.customer_id

)

select * from final
