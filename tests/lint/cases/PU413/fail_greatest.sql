-- expect: 3:67 error PU413 `GREATEST(marketing_consent, 'yes') = 'yes'` lets through people who answered otherwise: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }} where greatest(marketing_consent, 'yes') = 'yes'
-- file: pusher.yml
consent: {column: marketing_consent}
