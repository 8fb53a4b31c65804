-- payload: audience
select m.digest as email from {{ source('club', 'members') }} as m where (select count(*) from {{ source('club', 'answers') }} as a where a.member_id = m.id and a.marketing_consent) > 0
-- file: pusher.yml
consent: {column: marketing_consent}
