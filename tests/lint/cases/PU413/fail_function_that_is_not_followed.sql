-- expect: 3:67 error PU413 `JARO_SIMILARITY(marketing_consent, 'yes') > 0.5` lets through people who answered otherwise: `email` of them may leave.
-- payload: audience
select digest as email from {{ source('club', 'members') }} where jaro_similarity(marketing_consent, 'yes') > 0.5
-- file: pusher.yml
consent: {column: marketing_consent}
