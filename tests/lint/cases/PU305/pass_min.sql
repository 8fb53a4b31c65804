select 'Purchase' as event, order_id as event_id, min(paid_at) as event_time, min(method) as description
from {{ source('market', 'payments') }}
group by order_id
