select 'Purchase' as event, order_id as event_id, min(sold_at) as event_time, 'EUR' as currency,
       sum(price * quantity) as value
from {{ source('market', 'line_items') }}
group by order_id
