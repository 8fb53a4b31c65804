-- expect: 6:7 error PU413 `NOT a.marketing_consent IS FALSE` lets through people whose `marketing_consent` is NULL, or not there: `email` of them may leave.
-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
left join {{ source('club', 'answers') }} as a on a.member_id = m.id
where a.marketing_consent is not false
-- file: pusher.yml
consent: {column: marketing_consent}
