-- expect: 5:20 error PU413 Nothing says that rows of `a` are of the same person: `email` of people who did not agree may leave.
-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
cross join (select member_id from {{ source('club', 'answers') }} where marketing_consent) as a
-- file: pusher.yml
consent: {column: marketing_consent}
