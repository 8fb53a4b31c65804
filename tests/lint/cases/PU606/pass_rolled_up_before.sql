with units as (select order_id, sum(quantity) as quantity from {{ source('market', 'order_items') }} group by order_id)
select
    'Purchase' as event,
    o.order_id as event_id,
    min(o.placed_at) as event_time,
    min(o.currency) as currency,
    sum(o.total) as value
from {{ source('market', 'orders') }} as o
join units using (order_id)
group by o.order_id
