select
    'Purchase' as event,
    o.order_id as event_id,
    o.placed_at as event_time,
    i.contents
from {{ source('market', 'orders') }} as o
join (
    select order_id, list({'content_id': sku, 'price': unit_price, 'quantity': quantity} order by line_no) as contents
    from {{ source('market', 'order_items') }}
    group by order_id
) as i on i.order_id = o.order_id
