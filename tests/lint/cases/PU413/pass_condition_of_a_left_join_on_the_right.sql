-- payload: audience
select c.card_no, m.digest as email
from {{ source('club', 'cards') }} as c
left join {{ source('club', 'members') }} as m on m.id = c.member_id and m.marketing_consent = 'yes'
-- file: pusher.yml
consent: {column: marketing_consent}
