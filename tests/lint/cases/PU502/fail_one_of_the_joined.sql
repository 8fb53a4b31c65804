-- expect: 5:11 note PU502 `line_items` is joined on `order_id`, which nothing proves to be unique there: an event can come several times.
-- about: the condition may keep one line
select 'Purchase' as event, orders.order_id as event_id, orders.placed_at as event_time
from {{ source('market', 'orders') }} as orders
left join {{ source('market', 'line_items') }} as items on items.order_id = orders.order_id
where items.sku is null
