-- payload: audience
select digest as email from {{ source('club', 'members') }}
where id not in (select id from {{ source('club', 'members') }} where marketing_consent is distinct from 'yes')
-- file: pusher.yml
consent: {column: marketing_consent}
