-- expect: 3:8 error PU413 `email` may be of people who did not agree, whatever is asked about `marketing_consent`.
-- payload: audience
select list_transform(people, lambda x: x.digest) as email
from (select country, list({'digest': digest, 'marketing_consent': marketing_consent}) as people from {{ source('club', 'members') }} group by country)
-- file: pusher.yml
consent: {column: marketing_consent}
