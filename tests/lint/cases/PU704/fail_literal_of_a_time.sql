-- expect: 2:64 warning PU704 The text says -0530, and a TIMESTAMP has no zone: the cast drops it.
select 'ViewContent' as event, click_id as event_id, timestamp '2026-11-20T10:00:00.5-0530' as event_time
from {{ source('market', 'clicks') }}
