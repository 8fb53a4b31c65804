-- expect: 3:80 error PU413 `marketing_consent <> 'no'` lets through people who answered otherwise: `email` of them may leave.
-- payload: audience
select max(digest) over () as email from {{ source('club', 'members') }} where marketing_consent <> 'no'
-- file: pusher.yml
consent: {column: marketing_consent}
