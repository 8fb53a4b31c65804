-- expect: 2:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select email as description
from ({{ ref('stg_orders') }} as o inner join {{ ref('stg_customers') }} as c on o.customer_id = c.id)
