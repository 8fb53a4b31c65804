with joined as (
    select o.order_id, o.placed_at, p.amount,
           row_number() over (partition by o.order_id order by p.paid_at, p.payment_id) as n
    from {{ source('market', 'orders') }} o
    left join {{ source('market', 'payments') }} p on p.order_id = o.order_id
)
select 'Purchase' as event, order_id as event_id, placed_at as event_time, amount as value, 'EUR' as currency
from joined
where n = 1
