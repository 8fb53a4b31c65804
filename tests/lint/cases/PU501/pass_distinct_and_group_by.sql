select distinct 'Purchase' as event, order_id as event_id, min(placed_at) as event_time
from {{ source('market', 'order_items') }}
group by order_id
