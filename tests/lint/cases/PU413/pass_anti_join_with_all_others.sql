-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
anti join (select id from {{ source('club', 'members') }} where not coalesce(marketing_consent = 'yes', false)) as out on out.id = m.id
-- file: pusher.yml
consent: {column: marketing_consent}
