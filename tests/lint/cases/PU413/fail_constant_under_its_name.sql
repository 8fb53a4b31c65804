-- expect: 5:7 error PU413 `marketing_consent = 'yes'` lets through people who did not agree: `email` of them may leave.
-- payload: audience
select digest as email
from (select digest, 'yes' as marketing_consent from {{ source('club', 'cards') }})
where marketing_consent = 'yes'
-- file: pusher.yml
consent: {column: marketing_consent}
