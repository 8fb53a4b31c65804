-- expect: 4:11 note PU502 `addresses` is joined on `customer_id`, which nothing proves to be unique there: an event can come several times.
select 'Purchase' as event, orders.order_id as event_id, orders.placed_at as event_time, addresses.city as description
from {{ source('market', 'orders') }} as orders
left join {{ source('market', 'addresses') }} as addresses using (customer_id)
