select 'Purchase' as event, order_id as event_id, placed_at as event_time
from {{ source('market', 'order_items') }}
where line_no in (1)
