-- expect: 2:76 note PU502 `unnest()` makes several rows of one: an event can come several times.
select 'Purchase' as event, order_id as event_id, placed_at as event_time, regexp_split_to_table('a,b', ',') as brand
from {{ source('market', 'orders') }}
