-- expect: 5:11 note PU502 The join with `addresses` holds none of its columns to one value: an event can come several times.
-- about: every order has two addresses
select 'Purchase' as event, orders.order_id as event_id, orders.placed_at as event_time, addresses.city
from {{ source('market', 'orders') }} as orders
left join {{ source('market', 'addresses') }} as addresses on addresses.address_id = any(['a1', 'a2'])
