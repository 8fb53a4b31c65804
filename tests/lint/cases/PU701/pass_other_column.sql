-- about: a partition of the day it was loaded bounds it too
select 'Purchase' as event, order_id as event_id, placed_at as event_time from {{ source('market', 'orders') }}
where updated_at >= timestamp '2026-11-01 00:00:00'
