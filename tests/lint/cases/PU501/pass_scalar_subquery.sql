select
    'Purchase' as event,
    order_id as event_id,
    placed_at as event_time,
    (select sum(line_total) from {{ source('market', 'order_items') }} as i where i.order_id = o.order_id) as value, 'EUR' as currency
from {{ source('market', 'orders') }} as o
