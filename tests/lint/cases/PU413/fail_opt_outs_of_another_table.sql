-- expect: 3:1 error PU413 Neither this view nor what it reads asks `marketing_consent` who agreed.
-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
left join {{ source('club', 'opt_outs') }} as o on o.member_id = m.id
where o.member_id is null
-- file: pusher.yml
consent: {column: marketing_consent}
