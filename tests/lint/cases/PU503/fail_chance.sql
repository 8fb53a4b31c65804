-- expect: 5:6 note PU503 `select distinct` hides a join as long as its rows are alike. `payments` is joined on `order_id`, which nothing proves to be unique there: an event can come several times.
-- about: each row has another number
select distinct 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, random() as value, 'EUR' as currency
from {{ source('market', 'orders') }} o
join {{ source('market', 'payments') }} p on p.order_id = o.order_id
