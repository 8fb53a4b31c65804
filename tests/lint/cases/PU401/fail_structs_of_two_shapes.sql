-- expect: 2:35 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select (case when true then {'a': email} else {'b': city} end).a as description
from {{ ref('stg_customers') }}
