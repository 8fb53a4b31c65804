-- payload: audience
select list_transform(list_filter(people, lambda x: x.marketing_consent = 'yes'), lambda x: x.digest) as email
from (select country, list({'digest': digest, 'marketing_consent': marketing_consent}) as people from {{ source('club', 'members') }} group by country)
-- file: pusher.yml
consent: {column: marketing_consent}
