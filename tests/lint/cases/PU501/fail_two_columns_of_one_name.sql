-- expect: 8:29 warning PU501 A row is one `order_id` and `line_no` of market.order_items, and `event_id` is not made of it.
-- about: the name is that of the first column, the key is the second one
with lines as (
    select orders.order_number as id, items.order_id || '-' || items.line_no as id, orders.placed_at
    from {{ source('market', 'orders') }} as orders
    join {{ source('market', 'order_items') }} as items on items.order_id = orders.order_id
)
select 'Purchase' as event, id as event_id, placed_at as event_time
from lines
