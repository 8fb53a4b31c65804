select 'AddToCart' as event, customer_id as event_id, placed_at as event_time, total as value, 'EUR' as currency
from {{ source('market', 'orders') }}
qualify row_number() over (partition by customer_id order by placed_at desc, order_id) = 1
