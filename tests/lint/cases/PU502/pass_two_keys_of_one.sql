with pairs as (
    select order_id, method, sum(amount) as amount from {{ source('market', 'payments') }} group by order_id, method
)
select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time,
       coalesce(card.amount, 0) + coalesce(cash.amount, 0) as value, 'EUR' as currency
from {{ source('market', 'orders') }} o
left join pairs card on card.order_id = o.order_id and card.method = 'card'
left join pairs cash on cash.order_id = o.order_id and cash.method = 'cash'
