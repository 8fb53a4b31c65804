select distinct 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, c.phone_digest as phone
from {{ source('market', 'orders') }} o
join {{ source('market', 'customers') }} c on c.customer_id = o.customer_id
join {{ source('market', 'payments') }} p on p.order_id = o.order_id
