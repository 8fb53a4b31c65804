-- about: the expression behind both stars
-- expect: models/up.sql:3:3 error PU401 `email` carries a raw e-mail address from shop.customers.email.
select * from {{ ref('mid') }}
-- file: models/mid.sql
select *, 1 as num_items from {{ ref('up') }}
-- file: models/up.sql
select 'Purchase' as event, order_id as event_id,
  ordered_at as event_time,
  lower(c.email) as email
from {{ ref('stg_orders') }} o
join {{ ref('stg_customers') }} c on c.id = o.customer_id
