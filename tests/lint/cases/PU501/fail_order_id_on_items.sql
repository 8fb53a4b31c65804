-- expect: 5:5 error PU501 `event_id` is made of `order_id`, and a row is one `order_id` and `line_no` of market.order_items. Rows that share an id count once.
-- about: a test declares that a row is one line of an order
select
    'Purchase' as event,
    {{ 'order_id' }} as event_id,
    placed_at as event_time,
    unit_price * quantity as value
from {{ source('market', 'order_items') }}
