-- expect: models/up.sql:3:13 error PU202 `event2` is not a column of offline_events; it is not sent.
select * from {{ ref('up') }}
-- file: models/up.sql
select 'Purchased' as event, order_id as event_id,
  ordered_at as event_time,
  case when channel='a' then 'Purchase' else 'Bought' end as event2, sha256(c.email) as email, 'euro' as currency, amount as value
from {{ ref('stg_orders') }} o
join {{ ref('stg_customers') }} c on c.id = o.customer_id
