-- payload: audience
select digest as email
from (
    select digest, marketing_consent from {{ source('club', 'members') }}
    union all
    select c.digest, case when a.marketing_consent then 'yes' else 'no' end from {{ source('club', 'cards') }} as c left join {{ source('club', 'answers') }} as a using (member_id)
)
where marketing_consent = 'yes'
-- file: pusher.yml
consent: {column: marketing_consent}
