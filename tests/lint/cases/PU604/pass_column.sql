select 'Purchase' as event, order_id as event_id, placed_at as event_time, total as value, currency
from {{ source('market', 'orders') }}
