-- payload: audience
select m.email_digest as email from {{ ref('reachable') }} as m
-- file: models/reachable.sql
with src as (select * from {{ ref('stg_members') }})
select digest as email_digest from src where consent_given = 1
-- file: models/stg_members.sql
select digest, (marketing_consent = 'yes')::integer as consent_given from {{ source('club', 'members') }}
-- file: pusher.yml
consent: {column: marketing_consent}
