select 'Purchase' as event, order_id as event_id, placed_at as event_time, phone_digest as phone
from (select order_id, customer_id, placed_at from {{ source('market', 'orders') }})
natural left join (select customer_id, phone_digest from {{ source('market', 'customers') }})
