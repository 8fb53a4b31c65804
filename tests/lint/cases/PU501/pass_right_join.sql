select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, c.digest as email
from {{ source('market', 'customers') }} as c
right join {{ source('market', 'orders') }} as o on o.customer_id = c.customer_id
