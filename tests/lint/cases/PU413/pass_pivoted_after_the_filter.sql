-- payload: audience
select max(de) as email
from (select id, country, digest from {{ source('club', 'members') }} where marketing_consent = 'yes')
pivot (max(digest) for country in ('DE' as de, 'FR' as fr))
group by id
-- file: pusher.yml
consent: {column: marketing_consent}
