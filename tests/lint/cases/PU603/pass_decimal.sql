select 'Purchase' as event, order_id as event_id, placed_at as event_time, currency, cast(total as decimal(18, 2)) as value
from {{ source('market', 'orders') }}
