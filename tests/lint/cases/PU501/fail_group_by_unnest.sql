-- expect: 3:29 note PU501 Nothing proves that `event_id` is unique.
-- about: the list makes several groups of one order
select 'Purchase' as event, order_id as event_id, min(placed_at) as event_time
from {{ source('market', 'orders') }}
group by order_id, unnest([1, 2])
