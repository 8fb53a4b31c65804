-- payload: audience
select c.digest as email from {{ source('club', 'cards') }} as c, {{ source('club', 'answers') }} as a
where a.member_id = c.member_id and a.marketing_consent
-- file: pusher.yml
consent: {column: marketing_consent}
