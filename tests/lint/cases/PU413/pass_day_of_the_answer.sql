-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
join {{ source('club', 'dated_answers') }} as d on d.member_id = m.id
where d.marketing_consent is not null
-- file: pusher.yml
consent: {column: marketing_consent}
