-- expect: 4:25 warning PU602 `value` comes from a division by `amount`, which can be 0.
-- about: the amount of a payment is not that of the order
select 'Purchase' as event, order_id as event_id, placed_at as event_time, 'EUR' as currency,
       (select cast(max(o.total / amount) as decimal(18, 2)) from {{ source('market', 'payments') }}) as value
from (select order_id, placed_at, total, total as amount from {{ source('market', 'orders') }}) as o
where amount > 0
