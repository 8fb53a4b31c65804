-- expect: 2:100 error PU604 `value` has no currency: `currency` is always empty.
select 'Purchase' as event, order_id as event_id, placed_at as event_time, total as value, null as currency
from {{ source('market', 'orders') }}
