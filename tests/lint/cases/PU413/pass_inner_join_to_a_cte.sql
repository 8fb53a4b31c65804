-- payload: audience
with agreed as (
    select distinct member_id from {{ source('club', 'answers') }} where marketing_consent = true
),
cards as (
    select * from {{ source('club', 'cards') }}
)
select cards.digest as email
from cards
inner join agreed using (member_id)
-- file: pusher.yml
consent: {column: marketing_consent}
