select 'Purchase' as event, order_id as event_id, sold_at as event_time
from {{ source('market', 'line_items') }}
order by sold_at, order_id, sku
limit 1
