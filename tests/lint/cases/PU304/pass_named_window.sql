select 'Purchase' as event, order_id as event_id, placed_at as event_time,
       row_number() over w as num_items
from {{ source('market', 'orders') }}
window w as (partition by customer_id order by placed_at, order_id)
