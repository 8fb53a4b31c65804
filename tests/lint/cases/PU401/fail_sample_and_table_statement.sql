-- expect: 2:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select email as description from (table {{ ref('stg_customers') }}) as c using sample 10
