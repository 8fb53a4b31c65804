-- expect: models/recent.sql:2:7 note PU702 The window is at least 168 days long, and an event counts for 28 days.
select 'Purchase' as event, order_id as event_id, placed_at as event_time from {{ ref('recent') }}
-- file: models/recent.sql
select * from {{ source('market', 'orders') }}
where date_trunc('day', placed_at) > cast('2026-11-23' as date) - interval '6 months'
