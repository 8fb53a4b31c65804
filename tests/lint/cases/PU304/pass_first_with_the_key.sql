select 'Purchase' as event, customer_id as event_id, min(placed_at) as event_time,
       first(total order by placed_at, order_id) as value,
       last(currency order by placed_at, order_id) as currency
from {{ source('market', 'orders') }}
group by customer_id
