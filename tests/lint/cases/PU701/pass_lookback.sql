select 'Purchase' as event, order_id as event_id, placed_at as event_time from {{ source('market', 'orders') }}
where (placed_at >= cast('2026-11-23 06:00:00' as timestamp) - 28 * interval '1' day or placed_at is null)
