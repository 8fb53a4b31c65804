select 'ViewContent' as event, click_id as event_id, to_timestamp(clicked_ms / 1000) as event_time
from {{ source('market', 'clicks') }}
