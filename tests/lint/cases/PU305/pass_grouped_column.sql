select 'Purchase' as event, any_value(order_id) as event_id, any_value(upper(method)) as description,
       min(paid_at) as event_time
from {{ source('market', 'payments') }}
group by order_id, method
