-- expect: 5:74 error PU413 `m.marketing_consent = 'yes'` is of an outer join, which leaves nobody out: `email` of people who did not agree may leave.
-- payload: audience
select c.digest as email, m.phone_digest as phone
from {{ source('club', 'cards') }} as c
left join {{ source('club', 'members') }} as m on m.id = c.member_id and m.marketing_consent = 'yes'
-- file: pusher.yml
consent: {column: marketing_consent}
