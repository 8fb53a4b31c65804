-- payload: audience
from {{ ref('stg_members') }}
select digest as email
where is_reachable
-- file: models/stg_members.sql
select *, marketing_consent = 'yes' and country <> 'US' as is_reachable from {{ source('club', 'members') }}
-- file: pusher.yml
consent: {column: marketing_consent}
