-- expect: 4:11 note PU502 The join with `customers` holds none of its columns to one value: an event can come several times.
select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, c.phone_digest as phone
from {{ source('market', 'orders') }} as o
left join {{ source('market', 'customers') }} as c on o.placed_at >= c.joined_at
