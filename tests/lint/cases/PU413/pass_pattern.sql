-- payload: audience
select digest as email from {{ source('club', 'members') }} where regexp_matches(marketing_consent, '^(yes|y|true)$', 'i')
-- file: pusher.yml
consent: {column: marketing_consent}
