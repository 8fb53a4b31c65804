-- payload: audience
select list(digest) filter (where marketing_consent = 'yes') as email,
    list(phone_digest) filter (where marketing_consent in ('yes', 'granted')) as phone
from {{ source('club', 'members') }} group by country
-- file: pusher.yml
consent: {column: marketing_consent}
