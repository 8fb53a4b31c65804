with bounds as (select max(placed_at) as newest from {{ source('market', 'orders') }})
select 'Purchase' as event, order_id as event_id, placed_at as event_time
from {{ source('market', 'orders') }}
cross join bounds
where placed_at >= newest - interval 7 day
