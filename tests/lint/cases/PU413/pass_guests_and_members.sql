-- about: nothing of those who did not agree but their order
-- payload: web_events
with crm as (
    select id, lower(marketing_consent) = 'yes' as is_reachable, digest from {{ source('club', 'members') }}
),
visits as (
    select * from {{ source('club', 'visits') }}
)
select
    'Purchase' as event,
    visits.visit_id as event_id,
    visits.visited_at as event_time,
    case when crm.is_reachable then crm.digest end as email,
    case when crm.is_reachable then visits.ttclid end as ttclid
from visits
left join crm on crm.id = visits.member_id
-- file: pusher.yml
consent: {column: marketing_consent}
