-- expect: 5:8 error PU401 `email` carries a raw e-mail address from shop.customers.email.
-- payload: audience
select email_digest as email from {{ source('app', 'devices') }}
union all
select email from {{ ref('stg_customers') }}
