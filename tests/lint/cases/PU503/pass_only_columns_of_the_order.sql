select distinct 'Purchase' as event, orders.order_id as event_id, orders.placed_at as event_time
from {{ source('market', 'orders') }} as orders
inner join {{ source('market', 'line_items') }} as items on items.order_id = orders.order_id
where items.sku like 'A%'
