-- expect: 3:8 error PU413 `email` may be of people who did not agree, whatever is asked about `marketing_consent`.
-- payload: audience
select digest as email from {{ source('club', 'members') }} except select digest from {{ source('club', 'members') }} where marketing_consent = 'no'
-- file: pusher.yml
consent: {column: marketing_consent}
