-- expect: 2:8 error PU401 `description` carries a raw customer id from shop.customers.id.
select id as description
from (select id, city from {{ ref('stg_customers') }}) as a natural join (select id, kind from {{ ref('stg_customers') }}) as b
