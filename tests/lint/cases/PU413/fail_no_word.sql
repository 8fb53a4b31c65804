-- expect: 3:67 error PU413 `LOWER(marketing_consent) = 'no'` lets through people who answered otherwise: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }} where lower(marketing_consent) = 'no'
-- file: pusher.yml
consent: {column: marketing_consent}
