select distinct 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time
from {{ source('market', 'orders') }} o
join {{ source('market', 'order_items') }} i on i.order_id = o.order_id
