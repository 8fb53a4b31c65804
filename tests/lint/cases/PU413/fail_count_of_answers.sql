-- expect: 3:84 error PU413 `COUNT(marketing_consent) > 0` lets through people who answered otherwise: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }} group by digest having count(marketing_consent) > 0
-- file: pusher.yml
consent: {column: marketing_consent}
