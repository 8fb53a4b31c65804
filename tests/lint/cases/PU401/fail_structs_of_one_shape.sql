-- expect: 2:19 error PU401 `description` carries a raw phone number from shop.customers.phone.
select (case when kind = 'x' then {'a': city} else {'a': phone} end).a as description
from {{ ref('stg_customers') }}
