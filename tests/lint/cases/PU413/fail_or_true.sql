-- expect: 3:67 error PU413 `marketing_consent = 'yes' OR TRUE` lets through people who did not agree: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }} where marketing_consent = 'yes' or true
-- file: pusher.yml
consent: {column: marketing_consent}
