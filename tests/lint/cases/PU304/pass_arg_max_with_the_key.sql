select 'Purchase' as event, customer_id as event_id, max(placed_at) as event_time,
       arg_max(total, (placed_at, order_id)) as value, 'EUR' as currency
from {{ source('market', 'orders') }}
group by customer_id
