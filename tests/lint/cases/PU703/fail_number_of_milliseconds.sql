-- expect: 2:54 error PU703 `event_time` is wrong: epoch_ms() is in milliseconds, and a number counts as seconds.
select 'ViewContent' as event, click_id as event_id, epoch_ms(clicked_at) as event_time
from {{ source('market', 'clicks') }}
