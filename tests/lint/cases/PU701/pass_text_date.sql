select 'Purchase' as event, order_id as event_id, placed_at as event_time from {{ source('market', 'orders') }}
where '2026-11-01' <= placed_at
