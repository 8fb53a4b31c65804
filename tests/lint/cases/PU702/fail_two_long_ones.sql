-- expect: 7:7 note PU702 The window is at least 90 days long, and an event counts for 28 days.
with orders as (
    select * from {{ source('market', 'orders') }}
    where updated_at >= cast('2026-11-23' as timestamp) - 2 * interval '1' year
)
select 'Purchase' as event, order_id as event_id, placed_at as event_time from orders
where date_diff('day', placed_at, timestamp '2026-11-23 00:00:00') <= 90
