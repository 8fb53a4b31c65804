-- payload: audience
select digest as email
from {{ source('club', 'cards') }}
natural join (select member_id from {{ source('club', 'answers') }} where marketing_consent)
-- file: pusher.yml
consent: {column: marketing_consent}
