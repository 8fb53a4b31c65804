-- expect: 5:11 note PU502 The join with `customers` holds none of its columns to one value: an event can come several times.
-- about: lower() of the other side does not hold its key to one value
select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, c.phone_digest as phone
from {{ source('market', 'orders') }} as o
left join {{ source('market', 'customers') }} as c on left(c.customer_id, 4) = left(o.customer_id, 4)
