-- payload: audience
with latest as (
    select member_id, marketing_consent
    from {{ source('club', 'answers') }}
    qualify row_number() over (partition by member_id order by answered_at desc) = 1
)
select m.digest as email
from {{ source('club', 'members') }} as m
join latest on latest.member_id = m.id
where latest.marketing_consent
-- file: pusher.yml
consent: {column: marketing_consent}
