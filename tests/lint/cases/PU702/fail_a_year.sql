-- expect: 3:7 note PU702 The window is at least 365 days long, and an event counts for 28 days.
select 'Purchase' as event, order_id as event_id, placed_at as event_time from {{ source('market', 'orders') }}
where placed_at >= cast('2026-11-23 06:00:00' as timestamp) - interval 365 day
