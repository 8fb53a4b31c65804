-- expect: 2:86 warning PU603 `value` is DOUBLE, made so by the division.
select 'Purchase' as event, order_id as event_id, placed_at as event_time, currency, total / 100 as value
from {{ source('market', 'orders') }}
