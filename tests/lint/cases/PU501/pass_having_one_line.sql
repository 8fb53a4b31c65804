select 'Purchase' as event, order_id as event_id, min(sold_at) as event_time
from {{ source('market', 'line_items') }}
group by order_id
having count(*) = 1
