-- payload: audience
select digest as email from {{ source('club', 'members') }} where marketing_consent::int = 1
-- file: pusher.yml
consent: {column: marketing_consent}
