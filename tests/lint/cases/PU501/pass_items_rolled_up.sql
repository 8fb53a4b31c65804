with lines as (
    select order_id, sold_at, quantity * price as amount, digest from {{ source('market', 'line_items') }}
)
select
    'Purchase' as event,
    order_id as event_id,
    min(sold_at) as event_time,
    min(digest) as email,
    sum(amount) as value, 'EUR' as currency
from lines
group by order_id
