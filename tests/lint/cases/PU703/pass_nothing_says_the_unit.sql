select 'ViewContent' as event, click_id as event_id, to_timestamp(number) as event_time
from {{ source('market', 'clicks') }}
