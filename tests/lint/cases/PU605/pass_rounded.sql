select 'Purchase' as event, order_id as event_id, placed_at as event_time, cast(total as decimal(18, 0)) as value, 'JPY' as currency
from {{ source('market', 'orders') }}
