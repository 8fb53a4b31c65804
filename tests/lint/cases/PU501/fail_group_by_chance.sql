-- expect: 3:29 note PU501 Nothing proves that `event_id` is unique.
-- about: one order has as many groups as rows
select 'Purchase' as event, order_id as event_id, min(placed_at) as event_time
from {{ source('market', 'order_items') }}
group by order_id, random()
