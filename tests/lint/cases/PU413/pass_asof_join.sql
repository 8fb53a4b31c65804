select 'Purchase' as event, v.visit_id as event_id, v.visited_at as event_time, c.digest as email
from {{ source('club', 'visits') }} as v
join {{ source('club', 'cards') }} as c using (member_id)
asof join {{ source('club', 'answers') }} as a on a.member_id = c.member_id and v.visited_at >= a.answered_at
where a.marketing_consent
-- file: pusher.yml
consent: {column: marketing_consent}
