-- expect: 4:13 warning PU602 `value` comes from a division by `o.total`, which can be 0.
-- about: the order is there whatever the condition says
select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, o.currency,
       cast(i.line_total / o.total as decimal(18, 2)) as value
from {{ source('market', 'orders') }} as o
left join {{ source('market', 'order_items') }} as i on i.order_id = o.order_id and i.line_no = 1 and o.total > 0
