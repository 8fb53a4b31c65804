-- about: the expression that makes the column of another type
-- expect: models/up.sql:3:39 error PU203 `description` is TIMESTAMP WITH TIME ZONE, but must be text.
select * exclude (x) rename (mail as email) from {{ ref('up') }}
-- file: models/up.sql
select 'Purchase' as event, order_id as event_id,
  ordered_at as event_time, 1 as x,
  c.email as mail, 'EUR' as currency, now() as description
from {{ ref('stg_orders') }} o
join {{ ref('stg_customers') }} c on c.id = o.customer_id
