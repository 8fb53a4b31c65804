-- expect: 4:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select city as description from {{ ref('stg_customers') }}
union all
select email from {{ ref('stg_customers') }}
