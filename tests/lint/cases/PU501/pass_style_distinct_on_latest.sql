select distinct on (o.order_id)
    'Purchase' as event,
    o.order_id::text as event_id,
    o.placed_at as event_time,
    p.amount as value,
    'EUR' as currency
from {{ source('market', 'orders') }} o
join {{ source('market', 'payments') }} p using (order_id)
where o.placed_at >= timestamp '2026-11-28' - interval '28 days'
order by o.order_id, p.paid_at desc, p.payment_id
