-- expect: 4:29 note PU501 Nothing proves that `event_id` is unique.
-- about: the line is fixed, and half of an order's id is no id
with lines as (select order_id, placed_at, line_no as n from {{ source('market', 'order_items') }})
select 'Purchase' as event, left(order_id, 4) as event_id, placed_at as event_time
from lines
where n = 1
