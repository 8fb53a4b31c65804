select distinct 'Purchase' as event, customer_id as event_id,
       first_value(placed_at) over (partition by customer_id order by placed_at) as event_time
from {{ source('market', 'orders') }}
