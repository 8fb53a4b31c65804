-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
where (select max(a.marketing_consent) from {{ source('club', 'answers') }} as a where a.member_id = m.id)
-- file: pusher.yml
consent: {column: marketing_consent}
