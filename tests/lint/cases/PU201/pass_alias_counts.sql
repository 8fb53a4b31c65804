select
    'Purchase' as event,
    order_id as event_id,
    ordered_at as timestamp,
    amount as value,
    currency
from {{ ref('stg_orders') }}
