{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}

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
        contents
    from {{ ref('int_orders__rolled_up') }}
    where
        channel <> 'website'
        and {{ lookback('occurred_at') }}

),

customers as (

    select
        customer_id,
        emails,
        phones
    from {{ ref('int_customers__identified') }}

),

final as (

    select
        'Purchase' as event,
        {{ event_id('Purchase', 'orders.order_id', 'orders.entry') | indent(8) }} as event_id,
        orders.occurred_at as event_time,
        customers.emails as email,
        customers.phones as phone,
        orders.order_value as value,
        orders.currency,
        orders.contents,
        'product' as content_type,
        orders.num_items,
        orders.order_id,
        orders.shop_id,
        orders.entry as description,
        orders.channel as event_channel,
        'Northwind Outfitters' as brand
    from orders
    left join customers on orders.customer_id = customers.customer_id

)

select * from final
