-- expect: 2:16 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select arg_max(email, id) as description, arg_max(city, email) as brand from {{ ref('stg_customers') }}
