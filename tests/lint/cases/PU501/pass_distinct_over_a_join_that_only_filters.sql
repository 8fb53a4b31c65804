with paid as (
    select distinct orders.order_id, orders.placed_at, orders.total
    from {{ source('market', 'orders') }} as orders
    inner join {{ source('market', 'payments') }} as payments on payments.order_id = orders.order_id
    where payments.method = 'card'
)
select 'Purchase' as event, order_id as event_id, placed_at as event_time, total as value, 'EUR' as currency from paid
