select 'Purchase' as event, o.order_id as event_id, min(o.placed_at) as event_time,
       count(distinct p.method) as num_items
from {{ source('market', 'orders') }} o
left join {{ source('market', 'payments') }} p on p.order_id = o.order_id
group by o.order_id
