-- expect: 3:76 note PU502 `unnest()` makes several rows of one: an event can come several times.
-- about: the list becomes rows after QUALIFY
select 'Purchase' as event, order_id as event_id, placed_at as event_time, unnest([1, 2]) as num_items
from {{ source('market', 'order_items') }}
qualify row_number() over (partition by order_id order by line_no) = 1
