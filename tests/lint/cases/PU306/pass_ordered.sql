select 'Purchase' as event, order_id as event_id, min(sold_at) as event_time,
       string_agg(sku, ', ' order by sku) as description,
       list({'content_id': sku, 'price': price, 'quantity': quantity} order by sku) as contents
from {{ source('market', 'line_items') }}
group by order_id
