select distinct on (order_id)
    'Purchase' as event, order_id as event_id, sold_at as event_time
from {{ source('market', 'line_items') }}
order by order_id, sold_at, sku
