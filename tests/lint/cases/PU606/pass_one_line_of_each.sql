select
    'Purchase' as event,
    o.order_id as event_id,
    min(o.placed_at) as event_time,
    min(o.currency) as currency,
    sum(o.total) as value
from {{ source('market', 'orders') }} as o
join {{ source('market', 'order_items') }} as i using (order_id)
where i.line_no = 1
group by o.order_id
