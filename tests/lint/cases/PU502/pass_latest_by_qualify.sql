with latest as (
    select * from {{ source('market', 'payments') }}
    qualify row_number() over (partition by order_id order by paid_at desc, payment_id) = 1
)
select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, latest.amount as value, 'EUR' as currency
from {{ source('market', 'orders') }} o left outer join latest on latest.order_id = o.order_id
