-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
semi join (from {{ source('club', 'answers') }} where marketing_consent) as a on a.member_id = m.id
-- file: pusher.yml
consent: {column: marketing_consent}
