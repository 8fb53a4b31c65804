-- expect: 8:21 error PU201 `contents` lacks the field `price`.
select
    'Purchase' as event,
    order_id as event_id,
    ordered_at as event_time,
    amount as value,
    currency,
    [{'content_id': order_id}] as contents
from {{ ref('stg_orders') }}
