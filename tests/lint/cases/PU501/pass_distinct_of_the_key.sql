with one as (select distinct order_id from {{ source('market', 'line_items') }})
select 'Purchase' as event, one.order_id as event_id, now_at as event_time
from one
cross join (select timestamp '2026-11-20 10:00:00' as now_at)
