select 'Purchase' as event, orders.order_id as event_id, orders.placed_at as event_time, c.phone_digest as phone
from {{ source('market', 'orders') }} as orders
left join {{ source('market', 'customers') }} as c on c.customer_id = orders.customer_id
