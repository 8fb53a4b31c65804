select 'Purchase' as event, order_id as event_id, min(placed_at) as event_time, 'EUR' as currency,
       sum(line_total) as value
from {{ source('market', 'order_items') }}
group by order_id
