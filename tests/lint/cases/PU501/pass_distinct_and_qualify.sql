select distinct 'Purchase' as event, order_id as event_id, placed_at as event_time
from {{ source('market', 'order_items') }}
qualify row_number() over (partition by order_id order by line_no) = 1
