-- expect: 4:11 warning PU502 `line_items` is joined on `order_id`, which nothing proves to be unique there: an event can come several times.
select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, line_items.price as value
from {{ source('market', 'orders') }} as o
left join {{ source('market', 'line_items') }} as line_items on line_items.order_id = o.order_id
