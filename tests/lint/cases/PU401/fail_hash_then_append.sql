-- expect: 2:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select sha256(email) || email as description from {{ ref('stg_customers') }}
