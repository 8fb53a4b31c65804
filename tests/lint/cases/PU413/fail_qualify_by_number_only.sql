-- expect: 4:9 error PU413 `ROW_NUMBER() OVER (PARTITION BY id ORDER BY marketing_consent) = 1` lets through people who did not agree: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }}
qualify row_number() over (partition by id order by marketing_consent) = 1
-- file: pusher.yml
consent: {column: marketing_consent}
