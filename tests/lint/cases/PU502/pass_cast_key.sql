select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, c.phone_digest as phone
from {{ source('market', 'orders') }} o
left join {{ source('market', 'customers') }} c on cast(c.customer_id as varchar) = trim(o.customer_id)
