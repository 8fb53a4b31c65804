select orders.order_id, lower(orders.currency) as currency, currency as code, orders.total + 1 as total, count(*) as n
from (select order_id, currency, total from {{ source('market', 'orders') }}) as orders
left join {{ source('market', 'payments') }} as payments using (order_id)
where not exists (select 1 from {{ source('market', 'order_items') }} as items where items.order_id = orders.order_id)
group by orders.order_id, lower(orders.currency), orders.currency, orders.total
having count(*) > 1
order by n, total
limit 10
