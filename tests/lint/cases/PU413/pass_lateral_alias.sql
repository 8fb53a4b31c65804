-- payload: audience
select marketing_consent = 'yes' as agrees, digest as email from {{ source('club', 'members') }} where agrees
-- file: pusher.yml
consent: {column: marketing_consent}
