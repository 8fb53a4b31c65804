select 'Purchase' as event, order_id as event_id, placed_at as event_time, unit_price as value
from {{ source('market', 'order_items') }}
qualify row_number() over (partition by order_id order by unit_price desc, line_no) = 1
