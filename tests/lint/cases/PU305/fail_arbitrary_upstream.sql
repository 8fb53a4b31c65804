-- expect: models/paid.sql:1:18 note PU305 `arbitrary()` takes the value of any row of the group.
select 'Purchase' as event, order_id as event_id, paid_at as event_time from {{ ref('paid') }}
-- file: models/paid.sql
select order_id, arbitrary(paid_at) as paid_at
from {{ source('market', 'payments') }}
group by order_id
