select 'Purchase' as event, order_id as event_id, min(sold_at) as event_time,
       list_transform(
           list_sort(list(struct_pack(sku := sku, price := price, quantity := quantity))),
           lambda item: struct_pack(content_id := item.sku, price := item.price, quantity := item.quantity)
       ) as contents
from {{ source('market', 'line_items') }}
group by order_id
