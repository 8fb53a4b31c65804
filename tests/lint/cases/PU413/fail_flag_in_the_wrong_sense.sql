-- expect: 3:8 error PU413 `email` may be of people who did not agree, whatever is asked about `marketing_consent`.
-- payload: audience
select digest as email from {{ ref('stg_members') }} where is_reachable
-- file: models/stg_members.sql
select digest, case when marketing_consent = 'no' then true else true end as is_reachable from {{ source('club', 'members') }}
-- file: pusher.yml
consent: {column: marketing_consent}
