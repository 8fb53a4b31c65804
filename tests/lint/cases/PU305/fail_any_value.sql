-- expect: 2:89 note PU305 `any_value()` takes the value of any row of the group.
select 'Purchase' as event, order_id as event_id, min(paid_at) as event_time, any_value(method) as description
from {{ source('market', 'payments') }}
group by order_id
