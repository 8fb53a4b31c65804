select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, o.currency,
       cast(o.total / i.line_total as decimal(18, 2)) as value
from {{ source('market', 'orders') }} as o
join {{ source('market', 'order_items') }} as i on i.order_id = o.order_id and i.line_no = 1 and i.sku <> '' and i.line_total > 0
