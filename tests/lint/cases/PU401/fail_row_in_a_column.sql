-- expect: 3:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
-- expect: 3:33 error PU401 `brand` carries a raw phone number from shop.customers.phone.
select r.email as description, (r).phone as brand
from (select c as r from {{ ref('stg_customers') }} as c) as wrapped
