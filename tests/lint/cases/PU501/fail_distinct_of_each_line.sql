-- expect: 3:38 error PU501 `event_id` is made of `order_id`, and a row is one `order_id` and `line_no` of market.order_items. Rows that share an id count once.
-- about: no two rows are alike
select distinct 'Purchase' as event, order_id as event_id, placed_at as event_time, line_no as num_items
from {{ source('market', 'order_items') }}
