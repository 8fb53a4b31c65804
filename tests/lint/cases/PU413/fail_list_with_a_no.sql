-- expect: 3:67 error PU413 `marketing_consent IN ('yes', 'unknown')` lets through people who answered otherwise: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }} where marketing_consent in ('yes', 'unknown')
-- file: pusher.yml
consent: {column: marketing_consent}
