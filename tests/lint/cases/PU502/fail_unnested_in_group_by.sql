-- expect: 2:81 note PU502 `unnest()` makes several rows of one: an event can come several times.
select 'Purchase' as event, order_id as event_id, min(placed_at) as event_time, unnest([1, 2]) as num_items
from {{ source('market', 'orders') }}
group by order_id, num_items
