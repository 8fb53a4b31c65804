-- expect: 4:5 error PU401 `contents` carries a raw e-mail address from shop.customers.email.
select
    o.order_id,
    list({'content_id': o.order_id, 'price': o.amount, 'content_name': c.email}) as contents
from {{ ref('stg_orders') }} as o
left join {{ ref('stg_customers') }} as c on o.customer_id = c.id
group by o.order_id
