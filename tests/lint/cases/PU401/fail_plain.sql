-- expect: 2:8 error PU401 `email` carries a raw e-mail address from shop.customers.email.
select email as email from {{ ref('stg_customers') }}
