-- expect: 4:20 error PU401 `email` carries a raw e-mail address from shop.customers.email.
select columns(b.*)
from (select sha256(lower(email)) as email from {{ ref('stg_customers') }}) as a
cross join (select email from {{ ref('stg_customers') }}) as b
