select 'Purchase' as event, order_id as event_id, placed_at as event_time from {{ source('market', 'orders') }}
where placed_at + interval 1 year > timestamp '2026-11-23' and placed_at > timestamp '2026-11-23' - interval '672 hours'
