-- expect: 3:42 warning PU603 `contents.price` is FLOAT, made so by the cast.
select 'Purchase' as event, order_id as event_id, min(placed_at) as event_time,
       list({'content_id': sku, 'price': unit_price::float, 'quantity': quantity} order by line_no) as contents
from {{ source('market', 'order_items') }}
group by order_id
