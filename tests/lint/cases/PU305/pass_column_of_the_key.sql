select 'Purchase' as event, o.order_id as event_id, any_value(o.placed_at) as event_time, any_value(o.digest) as email,
       sum(i.line_total) as value, 'EUR' as currency
from {{ source('market', 'orders') }} as o
join {{ source('market', 'order_items') }} as i on i.order_id = o.order_id
group by o.order_id
