-- payload: web_events
with not_agreed as (
    select id
    from {{ source('club', 'members') }}
    where id is not null
    group by id
    having max(case when coalesce(marketing_consent = 'yes', false) then 1 else 0 end) = 0
)
select
    'Purchase' as event,
    v.visit_id as event_id,
    v.visited_at as event_time,
    case when not_agreed.id is null then v.ttclid end as ttclid
from {{ source('club', 'visits') }} as v
left join not_agreed on v.member_id = not_agreed.id
-- file: pusher.yml
consent: {column: marketing_consent}
