-- expect: 3:82 error PU413 `EXISTS(...)` lets through people who did not agree: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }} where exists (select 1 from {{ source('club', 'answers') }} where marketing_consent)
-- file: pusher.yml
consent: {column: marketing_consent}
