select
    'CompleteRegistration' as event,
    concat_ws('|', order_id, cast(cast(sold_at as date) as varchar)) as event_id,
    max(sold_at) as event_time
from {{ source('market', 'line_items') }}
group by order_id, cast(sold_at as date)
