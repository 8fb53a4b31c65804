-- payload: audience
select digest as email from {{ source('club', 'members') }} where marketing_consent = 'vrai'
-- file: pusher.yml
consent: {column: marketing_consent, agreed: ["vrai"]}
