with kinds as (
    select order_id, method, sum(amount) as amount from {{ source('market', 'payments') }} group by order_id, method
)
select 'Purchase' as event, order_id as event_id, timestamp '2026-11-20 10:00:00' as event_time,
       any_value(amount) filter (where method = 'card') as value, 'EUR' as currency
from kinds
group by order_id
