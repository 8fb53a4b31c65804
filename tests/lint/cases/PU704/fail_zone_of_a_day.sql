-- expect: models/seen.sql:2:21 warning PU704 The text says Asia/Tokyo, and a DATE has no zone: the cast drops it.
select 'ViewContent' as event, click_id as event_id, clicked_at as event_time from {{ ref('seen') }}
-- file: models/seen.sql
select * from {{ source('market', 'clicks') }}
where clicked_at >= '2026-11-20T10:00 Asia/Tokyo'::date
