-- expect: 2:8 error PU401 `description` carries a raw e-mail address from shop.customers.emails.
select u.address as description
from {{ ref('stg_customers') }} as c, unnest(c.emails) as u (address)
