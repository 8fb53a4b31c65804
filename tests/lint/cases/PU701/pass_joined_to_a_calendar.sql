with days as (select max(placed_at) - interval 20 day as since from {{ source('market', 'orders') }})
select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time
from {{ source('market', 'orders') }} as o
join days on o.placed_at >= days.since
