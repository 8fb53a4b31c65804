-- expect: 5:74 error PU413 `a.marketing_consent` is of an outer join, which leaves nobody out: `email` of people who did not agree may leave.
-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
left join {{ source('club', 'answers') }} as a on a.member_id = m.id and a.marketing_consent
-- file: pusher.yml
consent: {column: marketing_consent}
