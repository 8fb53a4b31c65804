-- source id: none
select
    '7654321098765432109' as event_set_id,
    'Purchase' as event,
    order_id as event_id,
    ordered_at as event_time,
    amount as value,
    currency
from {{ ref('stg_orders') }}
