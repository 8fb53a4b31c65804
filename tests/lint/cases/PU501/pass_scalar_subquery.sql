select
    'Purchase' as event,
    order_id as event_id,
    placed_at as event_time,
    (select sum(line_total) from {{ source('market', 'order_items') }} as i where i.order_id = o.order_id) as value
from {{ source('market', 'orders') }} as o
