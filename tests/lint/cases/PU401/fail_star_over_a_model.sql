-- about: the expression of the model, not the star
-- expect: models/up.sql:1:77 error PU401 `email` carries a raw e-mail address from shop.customers.email.
select * from {{ ref('up') }}
-- file: models/up.sql
select 'Purchase' as event, order_id as event_id, ordered_at as event_time, c.email
from {{ ref('stg_orders') }} o
join {{ ref('stg_customers') }} c on c.id = o.customer_id
