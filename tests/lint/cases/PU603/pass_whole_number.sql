select 'Purchase' as event, order_id as event_id, placed_at as event_time, 'JPY' as currency,
       cast(round(total) as bigint) as value
from {{ source('market', 'orders') }}
