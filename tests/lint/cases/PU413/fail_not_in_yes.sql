-- expect: 3:67 error PU413 `NOT id IN ...` lets through people who did not agree: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }} where id not in (select id from {{ source('club', 'members') }} where marketing_consent = 'yes')
-- file: pusher.yml
consent: {column: marketing_consent}
