select 'Purchase' as event, order_id as event_id, sold_at as event_time, digest as email
from {{ source('market', 'line_items') }}
qualify row_number() over (partition by order_id order by sold_at, sku) = 1
