-- expect: 3:8 error PU401 `description` carries a raw e-mail address from shop.customers.contact.
-- expect: 3:40 error PU401 `brand` carries a raw e-mail address from shop.customers.contact.
select c.contact.email as description, contact['email'] as brand
from {{ ref('stg_customers') }} as c
