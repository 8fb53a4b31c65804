select 'Purchase' as event, order_id as event_id, placed_at as event_time,
       sum(total) over (partition by customer_id order by placed_at) as value, 'EUR' as currency,
       dense_rank() over (order by placed_at) as num_items
from {{ source('market', 'orders') }}
