select
    'Purchase' as event,
    o.order_id as event_id,
    min(o.placed_at) as event_time,
    min(o.currency) as currency,
    sum(o.total) as value
from {{ source('market', 'orders') }} as o
left join {{ source('market', 'customers') }} as c using (customer_id)
group by o.order_id
