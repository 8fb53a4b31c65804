-- expect: 5:72 error PU413 `m.marketing_consent = 'yes'` is of an outer join, which leaves nobody out: `email` of people who did not agree may leave.
-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
left join {{ source('club', 'cards') }} as c on c.member_id = m.id and m.marketing_consent = 'yes'
-- file: pusher.yml
consent: {column: marketing_consent}
