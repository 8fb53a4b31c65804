-- payload: audience
select digest as email from {{ source('club', 'members') }} where profile.marketing_consent = 'yes'
-- file: pusher.yml
consent: {column: marketing_consent}
