-- expect: 2:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select col0 as description from (values ((select max(email) from {{ ref('stg_customers') }})), ('x'))
