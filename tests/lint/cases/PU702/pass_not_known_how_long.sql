select 'Purchase' as event, order_id as event_id, placed_at as event_time from {{ source('market', 'orders') }}
where placed_at >= timestamp '2024-01-01 00:00:00' and updated_at > timestamp '2026-11-23' - interval 400 day
