-- payload: audience
with ok as (select id from {{ source('club', 'members') }} where marketing_consent = 'yes') select c.digest as email from {{ source('club', 'cards') }} c left join ok on ok.id = c.member_id where ok.id is not null
-- file: pusher.yml
consent: {column: marketing_consent}
