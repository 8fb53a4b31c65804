-- expect: 4:5 error PU501 `event_id` is made of `order_id`, and a row is one `order_id` and `line_no` of market.order_items. Rows that share an id count once.
select
    'Purchase' as event,
    orders.order_id as event_id,
    orders.placed_at as event_time,
    orders.digest as email,
    items.line_total as value
from {{ source('market', 'orders') }} as orders
inner join {{ source('market', 'order_items') }} as items on items.order_id = orders.order_id
