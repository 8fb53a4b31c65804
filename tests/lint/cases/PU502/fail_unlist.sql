-- expect: 2:76 note PU502 `unnest()` makes several rows of one: an event can come several times.
select 'Purchase' as event, order_id as event_id, placed_at as event_time, unlist([1, 2]) as num_items
from {{ source('market', 'orders') }}
