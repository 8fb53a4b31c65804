-- payload: audience
with settings as (select max(changed_at) as as_of from {{ source('club', 'members') }})
select digest as email from {{ source('club', 'members') }} cross join settings where marketing_consent = 'yes' and changed_at <= as_of
-- file: pusher.yml
consent: {column: marketing_consent}
