-- expect: 8:29 note PU501 Nothing proves that `event_id` is unique.
-- about: the id is made of the number
with twice as (
    select '1' as kind, order_id, placed_at from {{ source('market', 'orders') }}
    union all
    select '1.0' as kind, order_id, placed_at from {{ source('market', 'orders') }}
)
select 'Purchase' as event, kind::int::varchar || order_id as event_id, placed_at as event_time
from twice
