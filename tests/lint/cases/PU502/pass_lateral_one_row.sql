select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, last_payment.amount as value, 'EUR' as currency
from {{ source('market', 'orders') }} as o,
    lateral (
        select p.amount
        from {{ source('market', 'payments') }} as p
        where p.order_id = o.order_id
        order by p.paid_at desc, p.payment_id
        limit 1
    ) as last_payment
