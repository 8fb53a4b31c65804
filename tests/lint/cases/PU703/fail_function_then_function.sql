-- expect: 2:54 error PU703 `event_time` is wrong: epoch_us() is in microseconds and read as seconds.
select 'ViewContent' as event, click_id as event_id, to_timestamp(epoch_us(clicked_at)) as event_time
from {{ source('market', 'clicks') }}
