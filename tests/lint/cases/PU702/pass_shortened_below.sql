with orders as (
    select * from {{ source('market', 'orders') }}
    where updated_at >= cast('2026-11-23' as timestamp) - interval 2 year
)
select 'Purchase' as event, order_id as event_id, placed_at as event_time from orders
where placed_at > timestamp '2026-11-23 00:00:00' - to_days(28)
