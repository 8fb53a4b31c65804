-- expect: 3:68 error PU413 `marketing_consent = 'yes' OR is_vip` lets through people who did not agree: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }} where (marketing_consent = 'yes' or is_vip) and country = 'DE'
-- file: pusher.yml
consent: {column: marketing_consent}
