-- expect: 2:76 note PU605 `value` is DECIMAL(18,2), and JPY has no decimal places.
select 'Purchase' as event, order_id as event_id, placed_at as event_time, total as value, 'JPY' as currency
from {{ source('market', 'orders') }}
