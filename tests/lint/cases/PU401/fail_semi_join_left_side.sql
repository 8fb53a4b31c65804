-- expect: 2:23 error PU401 `email` carries a raw e-mail address from shop.customers.email.
select * from (select email from {{ ref('stg_customers') }}) as c semi join {{ ref('stg_orders') }} as o on o.customer_id = c.email
