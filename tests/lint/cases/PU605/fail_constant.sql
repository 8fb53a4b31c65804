-- expect: 2:72 warning PU605 `value` can be 19.99, and KRW has no decimal places.
select 'Lead' as event, order_id as event_id, placed_at as event_time, 19.99 as value, 'KRW' as currency
from {{ source('market', 'orders') }}
