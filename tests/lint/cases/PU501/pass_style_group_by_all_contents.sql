select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, o.total as value, o.currency, o.digest as email,
    list({'content_id': i.sku, 'content_name': i.title, 'price': i.unit_price, 'quantity': i.quantity} order by i.line_no) as contents
from {{ source('market', 'orders') }} as o join {{ source('market', 'order_items') }} as i using (order_id)
where o.placed_at >= timestamp '2026-11-23 06:00:00' - interval 28 day
group by all
