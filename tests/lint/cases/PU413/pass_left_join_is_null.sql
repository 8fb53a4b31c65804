-- payload: audience
with opted_out as (
    select id from {{ source('club', 'members') }} where coalesce(marketing_consent, 'no') <> 'yes'
)
select m.digest as email
from {{ source('club', 'members') }} as m
left join opted_out on opted_out.id = m.id
where opted_out.id is null
-- file: pusher.yml
consent: {column: marketing_consent}
