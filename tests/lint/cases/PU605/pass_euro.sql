select 'Purchase' as event, order_id as event_id, placed_at as event_time, total as value, 'EUR' as currency
from {{ source('market', 'orders') }}
