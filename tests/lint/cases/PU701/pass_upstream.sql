select 'Purchase' as event, order_id as event_id, placed_at as event_time from {{ ref('recent') }}
-- file: models/recent.sql
select * from {{ source('market', 'orders') }}
where cast(placed_at as date) > date '2026-11-23' - interval 4 weeks
