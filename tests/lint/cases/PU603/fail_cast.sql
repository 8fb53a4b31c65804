-- expect: 2:91 warning PU603 `value` is DOUBLE, made so by the cast.
select 'Purchase' as event, order_id as event_id, placed_at as event_time, currency, cast(total as double) as value
from {{ source('market', 'orders') }}
