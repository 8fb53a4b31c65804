-- expect: 5:12 warning PU503 `select distinct` hides a join as long as its rows are alike. `line_items` is joined on `order_id`, which nothing proves to be unique there: an event can come several times.
-- expect: 6:12 warning PU503 `select distinct` hides a join as long as its rows are alike. `order_items` is joined on `order_id` and has a row for each `line_no` and `order_id`: an event can come several times.
select distinct 'Purchase' as event, orders.order_id as event_id, orders.placed_at as event_time, items.title as brand
from {{ source('market', 'orders') }} as orders
inner join {{ source('market', 'line_items') }} as line_items on line_items.order_id = orders.order_id
inner join {{ source('market', 'order_items') }} as items on items.order_id = orders.order_id
