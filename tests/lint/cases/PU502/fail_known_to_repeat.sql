-- expect: 8:11 warning PU502 `order_items` is joined on `order_id` and has a row for each `line_no` and `order_id`: an event can come several times.
select
    'Purchase' as event,
    orders.order_id as event_id,
    orders.ordered_at as event_time,
    items.line_total as value
from {{ ref('stg_orders') }} as orders
left join {{ source('market', 'order_items') }} as items on items.order_id = orders.order_id
