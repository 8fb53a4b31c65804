-- payload: audience
select c.digest as email from {{ source('club', 'cards') }} c join ({{ source('club', 'answers') }} a join {{ source('club', 'members') }} m on m.id = a.member_id) on m.id = c.member_id where a.marketing_consent
-- file: pusher.yml
consent: {column: marketing_consent}
