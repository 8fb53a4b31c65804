with

orders as (
    select * from {{ source('market', 'orders') }}
),

customers as (
    select * from {{ source('market', 'customers') }}
),

items_per_order as (
    select order_id, count(*) as item_count, sum(line_total) as amount
    from {{ source('market', 'order_items') }}
    group by 1
),

joined as (
    select orders.*, customers.phone_digest, items_per_order.amount
    from orders
    left join customers using (customer_id)
    left join items_per_order using (order_id)
)

select
    'Purchase' as event,
    order_id as event_id,
    placed_at as event_time,
    digest as email,
    phone_digest as phone,
    amount as value, 'EUR' as currency
from joined
