-- payload: audience
select digest as email
from (
    select digest, case when marketing_consent = 'yes' then 1 else 0 end as ok from {{ source('club', 'members') }}
) as flagged
where ok = 1
-- file: pusher.yml
consent: {column: marketing_consent}
