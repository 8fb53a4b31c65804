select 'ViewContent' as event, click_id as event_id, epoch_ms(clicked_at) // 1000 as event_time
from {{ source('market', 'clicks') }}
