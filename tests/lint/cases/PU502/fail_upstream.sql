-- expect: models/paid.sql:4:6 note PU502 `p` is joined on `method` and `order_id`, which nothing proves to be unique there: an event can come several times.
-- about: the join stands in the model that the view reads
select 'Purchase' as event, order_id as event_id, placed_at as event_time, amount as value from {{ ref('paid') }}
-- file: models/paid.sql
with p as (select * from {{ source('market', 'payments') }})
select o.*, p.amount
from {{ source('market', 'orders') }} as o
join p on p.order_id = o.order_id and p.method = 'card'
