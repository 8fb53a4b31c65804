-- expect: 3:8 error PU401 `address` carries a raw e-mail address from shop.customers.email.
-- expect: 3:26 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select email as address, upper(address) as description from {{ ref('stg_customers') }}
