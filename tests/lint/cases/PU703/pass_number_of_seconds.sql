select 'ViewContent' as event, click_id as event_id, cast(epoch(clicked_at) as bigint) as event_time
from {{ source('market', 'clicks') }}
