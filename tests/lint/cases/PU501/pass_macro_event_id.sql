select
    'Purchase' as event,
    substr(sha256('v1' || '8:Purchase' || cast(length(cast(order_id as varchar)) as varchar) || ':' || cast(order_id as varchar)), 1, 32) as event_id,
    placed_at as event_time
from {{ source('market', 'orders') }}
