-- expect: 6:39 note PU502 `unnest()` makes several rows of one: an event can come several times.
-- about: fields whose names only the engine knows
with orders as (
    select order_id, placed_at, [{'a': 1, 'b': 2}, {'a': 3, 'b': 4}] as parts from {{ source('market', 'orders') }}
),
parts as (select order_id, placed_at, unnest(parts, recursive := true) from orders)
select 'Purchase' as event, order_id as event_id, placed_at as event_time
from parts
