select 'Purchase' as event, order_id as event_id, placed_at as event_time, total as VALUE, 'USD' as CURRENCY
from {{ source('market', 'orders') }}
