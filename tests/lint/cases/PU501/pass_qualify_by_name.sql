select
    'Purchase' as event,
    order_id as event_id,
    sold_at as event_time,
    row_number() over (partition by order_id order by sold_at, sku) as num_items
from {{ source('market', 'line_items') }}
qualify num_items = 1
