-- about: the branch that brings the address in
-- expect: models/up2.sql:3:4 error PU401 `email` carries a raw e-mail address from shop.customers.email.
select * from {{ ref('up') }} union all select * from {{ ref('up2') }}
-- file: models/up.sql
select 'Purchase' as event, order_id as event_id,
  ordered_at as event_time, sha256(lower(trim(c.email))) as email from {{ ref('stg_orders') }} o join {{ ref('stg_customers') }} c on c.id = o.customer_id
-- file: models/up2.sql
select 'Purchase' as event, order_id as event_id,
  ordered_at as event_time,
   upper(c.email) as email from {{ ref('stg_orders') }} o join {{ ref('stg_customers') }} c on c.id = o.customer_id
