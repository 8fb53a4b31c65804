-- expect: 2:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select email.lower().trim() as description from {{ ref('stg_customers') }}
