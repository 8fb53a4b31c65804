-- expect: 3:26 warning PU704 The text says +02:00, and a TIMESTAMP has no zone: the cast drops it.
select 'ViewContent' as event, click_id as event_id, clicked_at as event_time from {{ source('market', 'clicks') }}
where clicked_at >= cast('2026-11-20 10:00:00+02:00' as timestamp)
