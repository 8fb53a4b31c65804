-- expect: 3:8 error PU413 `email` may be of people who did not agree, whatever is asked about `marketing_consent`.
-- payload: audience
select c.digest as email
from (select * from {{ source('club', 'members') }} where marketing_consent = 'yes') as m
right join {{ source('club', 'cards') }} as c on c.member_id = m.id
-- file: pusher.yml
consent: {column: marketing_consent}
