-- expect: 2:76 error PU604 `value` has no currency: `currency` is missing.
select 'Purchase' as event, order_id as event_id, placed_at as event_time, total as value
from {{ source('market', 'orders') }}
