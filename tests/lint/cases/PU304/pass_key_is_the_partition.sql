select 'Purchase' as event, order_id as event_id, placed_at as event_time
from {{ source('market', 'orders') }}
qualify row_number() over (partition by order_id order by placed_at desc) = 1
