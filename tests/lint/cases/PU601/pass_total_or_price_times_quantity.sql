select 'Purchase' as event, order_id as event_id, min(placed_at) as event_time, 'EUR' as currency,
       sum(coalesce(line_total, unit_price * quantity)) as value
from {{ source('market', 'order_items') }}
group by order_id
