select 'Purchase' as event, order_id as event_id, min(placed_at) as event_time, 'EUR' as currency,
       sum(line_total) as value,
       list({
           'content_id': sku,
           'price': cast(line_total / nullif(quantity, 0) as decimal(18, 2)),
           'quantity': quantity
       } order by line_no) as contents
from {{ source('market', 'order_items') }}
group by order_id
