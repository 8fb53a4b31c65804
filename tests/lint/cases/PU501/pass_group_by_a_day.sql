select
    'CompleteRegistration' as event,
    concat_ws('|', digest, cast(cast(sold_at as date) as varchar)) as event_id,
    max(sold_at) as event_time
from {{ source('market', 'line_items') }}
group by digest, cast(sold_at as date)
