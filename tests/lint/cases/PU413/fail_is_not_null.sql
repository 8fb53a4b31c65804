-- expect: 3:67 error PU413 `NOT marketing_consent IS NULL` lets through people who answered otherwise: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }} where marketing_consent is not null
-- file: pusher.yml
consent: {column: marketing_consent}
