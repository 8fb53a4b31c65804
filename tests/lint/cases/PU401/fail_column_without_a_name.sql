-- expect: 2:12 error PU401 `max(email)` carries a raw e-mail address from shop.customers.email.
select max(email) from {{ ref('stg_customers') }}
