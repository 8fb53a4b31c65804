-- payload: audience
select digest as email from {{ source('club', 'members') }} where not (marketing_consent is distinct from 'yes')
-- file: pusher.yml
consent: {column: marketing_consent}
