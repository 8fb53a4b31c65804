-- expect: 4:11 note PU502 `payments` is joined on `amount` and `order_id`, which nothing proves to be unique there: an event can come several times.
select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, p.amount as value
from {{ source('market', 'orders') }} as o
left join {{ source('market', 'payments') }} as p on p.order_id = o.order_id and p.amount = o.total
