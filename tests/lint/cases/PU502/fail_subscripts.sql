-- expect: 2:76 note PU502 `unnest()` makes several rows of one: an event can come several times.
select 'Purchase' as event, order_id as event_id, placed_at as event_time, generate_subscripts([1, 2], 1) as num_items
from {{ source('market', 'orders') }}
