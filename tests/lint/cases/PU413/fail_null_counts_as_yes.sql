-- expect: 3:67 error PU413 `marketing_consent = 'yes' OR marketing_consent IS NULL` lets through people whose `marketing_consent` is NULL, or not there: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }} where marketing_consent = 'yes' or marketing_consent is null
-- file: pusher.yml
consent: {column: marketing_consent}
