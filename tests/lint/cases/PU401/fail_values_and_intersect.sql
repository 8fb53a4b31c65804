-- expect: 4:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
with one as (select email as x from {{ ref('stg_customers') }} intersect select city from {{ ref('stg_customers') }})

select x as description from one
