select 'CompleteRegistration' as event, order_id as event_id, placed_at as event_time, cast(null as decimal(18, 2)) as value
from {{ source('market', 'orders') }}
