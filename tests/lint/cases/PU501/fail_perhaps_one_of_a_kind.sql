-- expect: 3:29 warning PU501 `event_id` is made of `order_id`, and a row is one `order_id` and `line_no` of market.order_items. Rows that share an id count once.
-- about: a title may be that of one line
select 'Purchase' as event, order_id as event_id, placed_at as event_time
from {{ source('market', 'order_items') }}
where title = 'shoe'
