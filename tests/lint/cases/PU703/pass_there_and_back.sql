select 'ViewContent' as event, click_id as event_id, epoch_ms(epoch_ms(clicked_at)) as event_time
from {{ source('market', 'clicks') }}
