-- expect: 2:76 warning PU605 `value` is DECIMAL(18,2), and KWD has 3 decimal places.
select 'Purchase' as event, order_id as event_id, placed_at as event_time, total as value, upper('kwd') as currency
from {{ source('market', 'orders') }}
