-- payload: audience
select digest as email from {{ source('club', 'members') }} where marketing_consent is not null and marketing_consent = 'opt_in'
-- file: pusher.yml
consent: {column: marketing_consent}
