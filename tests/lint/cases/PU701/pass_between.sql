select 'Purchase' as event, order_id as event_id, placed_at as event_time from {{ source('market', 'orders') }}
where placed_at between date '2026-11-01' and date '2026-11-28'
