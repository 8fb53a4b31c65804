select
    'Purchase' as event,
    orders.order_id as event_id,
    min(orders.placed_at) as event_time,
    sum(payments.amount) as value, 'EUR' as currency
from {{ source('market', 'orders') }} as orders
left join {{ source('market', 'payments') }} as payments using (order_id)
group by all
