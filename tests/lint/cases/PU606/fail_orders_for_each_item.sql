-- about: an order of three items counts three times
-- expect: 8:5 warning PU606 `value` sums a column of `o` over a join that gives its rows several times.
select
    'Purchase' as event,
    o.order_id as event_id,
    min(o.placed_at) as event_time,
    min(o.currency) as currency,
    sum(o.total) as value
from {{ source('market', 'orders') }} as o
join {{ source('market', 'order_items') }} as i using (order_id)
group by o.order_id
