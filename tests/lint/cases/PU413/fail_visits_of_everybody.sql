-- expect: 4:105 error PU413 `ttclid` may be of people who did not agree, whatever is asked about `marketing_consent`.
-- payload: web_events
with agreed as (select id, digest from {{ source('club', 'members') }} where marketing_consent = 'yes')
select 'Purchase' as event, v.visit_id as event_id, v.visited_at as event_time, agreed.digest as email, v.ttclid
from {{ source('club', 'visits') }} as v
left join agreed on agreed.id = v.member_id
-- file: pusher.yml
consent: {column: marketing_consent}
