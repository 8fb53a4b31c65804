-- expect: 8:29 note PU501 Nothing proves that `event_id` is unique.
-- about: the id is made of the word in lower case
with twice as (
    select 'Paid' as kind, order_id, placed_at from {{ source('market', 'orders') }}
    union all
    select 'paid' as kind, order_id, placed_at from {{ source('market', 'orders') }}
)
select 'Purchase' as event, lower(kind) || order_id as event_id, placed_at as event_time
from twice
