-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
join {{ source('club', 'answers') }} as a on m.id = a.member_id
group by all
having count(*) filter (where a.marketing_consent) > 0
-- file: pusher.yml
consent: {column: marketing_consent}
