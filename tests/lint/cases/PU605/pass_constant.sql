select 'Lead' as event, order_id as event_id, placed_at as event_time, 20.00 as value, 'JPY' as currency
from {{ source('market', 'orders') }}
