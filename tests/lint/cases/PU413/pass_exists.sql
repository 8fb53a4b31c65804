-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
where exists (
    select 1 from {{ source('club', 'answers') }} as a where a.member_id = m.id and a.marketing_consent
)
-- file: pusher.yml
consent: {column: marketing_consent}
