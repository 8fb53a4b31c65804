-- expect: 3:21 error PU401 `phone` carries a raw phone number from shop.customers.phone.
select * replace (sha256(lower(email)) as email)
from (select email, phone from {{ ref('stg_customers') }}) as c
