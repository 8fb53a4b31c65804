-- expect: models/placed.sql:3:11 note PU503 `select distinct` hides a join as long as its rows are alike. `addresses` is joined on `customer_id`, which nothing proves to be unique there: an event can come several times.
select 'Purchase' as event, order_id as event_id, placed_at as event_time, city as description from {{ ref('placed') }}
-- file: models/placed.sql
select distinct o.order_id, o.placed_at, a.city
from {{ source('market', 'orders') }} o
left join {{ source('market', 'addresses') }} a on a.customer_id = o.customer_id
