-- expect: 2:54 warning PU703 `event_time` is wrong: market.clicks.clicked_ms is in milliseconds, and a number counts as seconds.
select 'ViewContent' as event, click_id as event_id, clicked_ms as event_time from {{ source('market', 'clicks') }}
