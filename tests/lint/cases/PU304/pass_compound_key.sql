select 'Purchase' as event, order_id as event_id, placed_at as event_time, unit_price * quantity as value, 'EUR' as currency
from {{ source('market', 'order_items') }}
qualify row_number() over (partition by order_id order by quantity desc, line_no) = 1
