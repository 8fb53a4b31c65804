-- about: rows that are alike in all that is taken are one row
select 'Purchase' as event, order_id as event_id, paid_at as event_time, amount as value, 'EUR' as currency
from {{ source('market', 'payments') }}
qualify row_number() over (partition by order_id order by paid_at, amount) = 1
