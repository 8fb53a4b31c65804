select distinct on (o.order_id)
    'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, p.amount as value, 'EUR' as currency
from {{ source('market', 'orders') }} o
left join {{ source('market', 'payments') }} p on p.order_id = o.order_id
order by o.order_id, p.paid_at, p.payment_id
