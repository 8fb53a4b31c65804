select 'Purchase' as event, o.order_id as event_id, any_value(o.placed_at) as event_time,
       any_value(c.phone_digest) as phone, sum(p.amount) as value, 'EUR' as currency
from {{ source('market', 'orders') }} as o
left join {{ source('market', 'customers') }} as c using (customer_id)
left join {{ source('market', 'payments') }} as p on p.order_id = o.order_id
group by all
