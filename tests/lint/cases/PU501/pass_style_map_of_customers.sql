-- about: the same table twice, each time on its key
select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, o.total as value, o.currency,
       buyer.digest as email, payer.phone_digest as phone
from {{ source('market', 'orders') }} o
left join {{ source('market', 'customers') }} buyer on buyer.customer_id = o.customer_id
left join {{ source('market', 'customers') }} payer on payer.customer_id = o.order_number
where o.placed_at >= timestamp '2026-11-01'
