-- expect: 2:53 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select * rename (email as description) from (select email from {{ ref('stg_customers') }}) as c
