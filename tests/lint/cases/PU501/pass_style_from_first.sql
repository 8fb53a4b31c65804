from {{ source('market', 'orders') }} as o
select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, o.total as value, o.currency, o.digest as email
where o.placed_at >= timestamp '2026-11-23 06:00:00' - interval 28 day
