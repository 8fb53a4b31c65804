-- expect: 2:29 note PU501 Nothing proves that `event_id` is unique.
select 'Purchase' as event, substr(order_id, 1, 6) as event_id, placed_at as event_time
from {{ source('market', 'orders') }}
