select 'Purchase' as event, order_id as event_id, placed_at as event_time from {{ source('market', 'orders') }}
where date_diff('day', placed_at, timestamp '2026-11-23 00:00:00') < 28
