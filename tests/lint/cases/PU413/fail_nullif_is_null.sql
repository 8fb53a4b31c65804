-- expect: 3:67 error PU413 `NULLIF(marketing_consent, 'yes') IS NULL` lets through people whose `marketing_consent` is NULL, or not there: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }} where nullif(marketing_consent, 'yes') is null
-- file: pusher.yml
consent: {column: marketing_consent}
