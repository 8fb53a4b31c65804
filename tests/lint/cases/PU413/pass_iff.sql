-- payload: audience
select digest as email from {{ source('club', 'members') }} where if(marketing_consent = 'yes', true, false) and country = 'DE'
-- file: pusher.yml
consent: {column: marketing_consent}
