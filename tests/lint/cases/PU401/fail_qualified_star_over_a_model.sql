-- expect: 3:13 error PU401 `email` carries a raw e-mail address from shop.customers.email.
-- expect: models/up.sql:2:29 error PU401 `description` carries a raw customer id from shop.orders.customer_id.
select o.*, c.email
from {{ ref('up') }} o join {{ ref('stg_customers') }} c on c.id = o.description
-- file: models/up.sql
select 'Purchase' as event, 'x' || random() as event_id,
  ordered_at as event_time, customer_id as description from {{ ref('stg_orders') }} o
