-- expect: 3:73 error PU413 `MAX(marketing_consent) OVER () = 'yes'` lets through people who did not agree: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }} qualify max(marketing_consent) over () = 'yes'
-- file: pusher.yml
consent: {column: marketing_consent}
