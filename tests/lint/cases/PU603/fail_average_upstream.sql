-- expect: models/paid.sql:1:43 warning PU603 `value` is DOUBLE, made so by avg().
select 'Purchase' as event, order_id as event_id, paid_at as event_time, 'EUR' as currency, amount as value
from {{ ref('paid') }}
-- file: models/paid.sql
select order_id, min(paid_at) as paid_at, avg(amount) as amount
from {{ source('market', 'payments') }}
group by order_id
