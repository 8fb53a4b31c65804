select 'ViewContent' as event, click_id as event_id,
       coalesce(epoch_ms(clicked_ms), make_timestamp(stored_us), cast(to_timestamp(sent_s) as timestamp)) as event_time
from {{ source('market', 'clicks') }}
