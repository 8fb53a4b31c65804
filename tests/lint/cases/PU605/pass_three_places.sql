select 'Purchase' as event, order_id as event_id, placed_at as event_time,
       cast(total as decimal(18, 3)) as value, 'KWD' as currency
from {{ source('market', 'orders') }}
