-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
join {{ source('club', 'answers') }} as a on a.member_id = m.id and a.marketing_consent = true
-- file: pusher.yml
consent: {column: marketing_consent}
