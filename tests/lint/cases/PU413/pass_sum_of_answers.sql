-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
left join {{ source('club', 'answers') }} as a on a.member_id = m.id
group by m.digest
having sum(a.marketing_consent::int) >= 1
-- file: pusher.yml
consent: {column: marketing_consent}
