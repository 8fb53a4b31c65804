-- payload: audience
select m.digest as email
from {{ source('club', 'members') }} as m
where not exists (select * from {{ source('club', 'members') }} as o where o.id = m.id and (o.marketing_consent <> 'yes' or o.marketing_consent is null))
-- file: pusher.yml
consent: {column: marketing_consent}
