select
    'Purchase' as event,
    o.order_id as event_id,
    min(o.placed_at) as event_time,
    min(o.currency) as currency,
    sum(i.unit_price * i.quantity) as value
from {{ source('market', 'orders') }} as o
join {{ source('market', 'order_items') }} as i using (order_id)
group by o.order_id
