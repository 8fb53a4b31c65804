-- expect: 2:79 warning PU304 `first()` has no ORDER BY: which row it takes differs from run to run.
select 'Purchase' as event, order_id as event_id, min(paid_at) as event_time, first(amount) as value
from {{ source('market', 'payments') }}
group by order_id
