-- expect: 2:50 error PU401 `brand` carries a raw e-mail address from shop.customers.email.
select c.city as description, (select string_agg(city || email, ';') from {{ ref('stg_customers') }}) as brand
from {{ ref('stg_customers') }} as c
