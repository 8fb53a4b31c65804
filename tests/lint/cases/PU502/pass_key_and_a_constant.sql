select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, i.title as description
from {{ source('market', 'orders') }} o
left join {{ source('market', 'order_items') }} i on o.order_id = i.order_id and 1 = i.line_no
