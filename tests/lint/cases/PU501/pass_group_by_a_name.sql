select 'Purchase' as event, upper(trim(order_id)) as event_id, max(sold_at) as event_time
from {{ source('market', 'line_items') }}
group by event_id
