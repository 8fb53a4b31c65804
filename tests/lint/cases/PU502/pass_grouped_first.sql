with cities as (
    select customer_id, min(city) as city from {{ source('market', 'addresses') }} group by customer_id
)
select 'Purchase' as event, orders.order_id as event_id, orders.placed_at as event_time, cities.city as description
from {{ source('market', 'orders') }} as orders
left join cities on orders.customer_id = cities.customer_id
