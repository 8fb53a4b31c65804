-- payload: audience
select m.digest as email from {{ source('club', 'members') }} as m join {{ source('club', 'answers') }} as a on a.member_id = m.id where m.marketing_consent = 'yes' and a.marketing_consent or a.marketing_consent is true
-- file: pusher.yml
consent: {column: marketing_consent}
