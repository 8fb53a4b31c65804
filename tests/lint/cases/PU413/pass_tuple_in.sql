-- payload: audience
select digest as email from {{ source('club', 'members') }} where (id, country) in (select id, country from {{ source('club', 'members') }} where marketing_consent = 'yes')
-- file: pusher.yml
consent: {column: marketing_consent}
