-- payload: audience
select digest as email from {{ ref('stg_members') }} where marketing_consent
-- file: models/stg_members.sql
select * replace (lower(trim(marketing_consent)) = 'yes' as marketing_consent) from {{ source('club', 'members') }}
-- file: pusher.yml
consent: {column: marketing_consent}
