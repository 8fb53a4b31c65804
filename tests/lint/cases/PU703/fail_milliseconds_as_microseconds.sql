-- expect: 2:54 warning PU703 `event_time` is wrong: market.clicks.clicked_ms is in milliseconds and read as microseconds.
select 'ViewContent' as event, click_id as event_id, make_timestamp(clicked_ms) as event_time
from {{ source('market', 'clicks') }}
