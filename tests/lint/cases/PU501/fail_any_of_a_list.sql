-- expect: 3:29 note PU501 `event_id` is made of `order_id`, and a row is one `order_id` and `line_no` of market.order_items. A condition may keep one of them; nothing proves it.
-- about: each of two lines is one of the list
select 'Purchase' as event, order_id as event_id, placed_at as event_time
from {{ source('market', 'order_items') }}
where line_no = any([1, 2])
