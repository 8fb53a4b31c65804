-- expect: 5:6 warning PU503 `select distinct` hides a join as long as its rows are alike. `line_items` is joined on `order_id`, which nothing proves to be unique there: an event can come several times.
-- about: the customer is there for some lines only
select distinct 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, c.phone_digest as phone
from {{ source('market', 'orders') }} o
join {{ source('market', 'line_items') }} i on i.order_id = o.order_id
left join {{ source('market', 'customers') }} c on c.customer_id = o.customer_id and i.quantity = 2
