-- about: payments have no declared key
select
    'Purchase' as event,
    o.order_id as event_id,
    min(o.placed_at) as event_time,
    min(o.currency) as currency,
    sum(o.total) as value
from {{ source('market', 'orders') }} as o
join {{ source('market', 'payments') }} as p using (order_id)
group by o.order_id
