select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time
from {{ source('market', 'orders') }} o
anti join {{ source('market', 'payments') }} p on p.order_id = o.order_id
