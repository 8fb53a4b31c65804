with agreed as (select id, digest from {{ source('club', 'members') }} where marketing_consent = 'yes')
select 'Purchase' as event, v.visit_id as event_id, v.visited_at as event_time, agreed.digest as email
from {{ source('club', 'visits') }} as v
left join agreed on agreed.id = v.member_id
-- file: pusher.yml
consent: {column: marketing_consent}
