-- expect: 3:67 error PU413 `marketing_consent = 'level 2'` lets through people who answered otherwise: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }} where marketing_consent = 'level 2'
-- file: pusher.yml
consent: {column: marketing_consent}
