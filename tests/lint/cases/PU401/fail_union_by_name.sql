-- expect: 3:29 error PU401 `brand` carries a raw customer id from shop.customers.id.
-- expect: 5:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select city as description, id as brand from {{ ref('stg_customers') }} where false
union all by name
select email as description from {{ ref('stg_customers') }}
