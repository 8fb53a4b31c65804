-- expect: 3:74 error PU413 Nothing says that rows of `a` are of the same person: `email` of people who did not agree may leave.
-- payload: audience
select c.digest as email from {{ source('club', 'cards') }} c join (from {{ source('club', 'answers') }} where marketing_consent) a on a.member_id = a.member_id
-- file: pusher.yml
consent: {column: marketing_consent}
