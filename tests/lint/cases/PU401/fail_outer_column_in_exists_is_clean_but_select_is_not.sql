-- expect: 2:37 error PU401 `description` carries a raw phone number from shop.customers.phone.
select max(o.order_id) as order_id, any_value(c.phone) as description
from {{ ref('stg_orders') }} as o
left join {{ ref('stg_customers') }} as c on exists (select 1 where c.id = o.customer_id)
