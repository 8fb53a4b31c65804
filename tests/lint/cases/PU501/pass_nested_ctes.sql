with a as (
    with b as (select order_id, total, placed_at from {{ source('market', 'orders') }})
    select * exclude (total), total as amount from b
)
select 'Purchase' as event, a.order_id as event_id, a.placed_at as event_time, a.amount as value, 'EUR' as currency from a
