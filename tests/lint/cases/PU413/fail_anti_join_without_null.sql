-- expect: 5:19 error PU413 The anti join with `out` does not leave out all of people who did not agree: `email` of them may leave.
-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
anti join (select id from {{ source('club', 'members') }} where marketing_consent = 'no') as out on out.id = m.id
-- file: pusher.yml
consent: {column: marketing_consent}
