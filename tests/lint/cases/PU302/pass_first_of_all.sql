select order_id || '-' || row_number() over each as event_id
from {{ ref('stg_orders') }}
window each as (partition by order_id order by ordered_at)
qualify row_number() over (order by order_id) <= 10
