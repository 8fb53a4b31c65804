select 'Purchase' as event, order_id as event_id, placed_at as event_time from {{ source('market', 'orders') }}
where (placed_at >= timestamp '2026-10-20 00:00:00' or (order_id = 'shop-1' and placed_at >= timestamp '2026-11-01 00:00:00'))
