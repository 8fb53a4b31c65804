-- expect: 3:95 error PU413 `BOOL_OR(CAST(marketing_consent = 'yes' AS BOOLEAN)) OVER w` lets through people who did not agree: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }} window w as (order by id) qualify bool_or(marketing_consent = 'yes') over w
-- file: pusher.yml
consent: {column: marketing_consent}
