-- expect: 2:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select found.address as description
from {{ ref('stg_customers') }} as c, lateral (select c.email as address) as found
