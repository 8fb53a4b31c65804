select 'Purchase' as event, order_id as event_id, min(sold_at) as event_time,
       len(list(sku)) as num_items, list_sum(list(price * quantity)) as value, 'EUR' as currency
from {{ source('market', 'line_items') }}
group by order_id
