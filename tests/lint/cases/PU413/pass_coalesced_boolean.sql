-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
join {{ source('club', 'answers') }} as a on a.member_id = m.id
where coalesce(a.marketing_consent, false)
-- file: pusher.yml
consent: {column: marketing_consent}
