-- expect: 3:1 error PU201 Neither a column nor a setting gives `event_set_id`.
-- source id: none
select
    'Purchase' as event,
    order_id as event_id,
    ordered_at as event_time,
    amount as value,
    currency
from {{ ref('stg_orders') }}
