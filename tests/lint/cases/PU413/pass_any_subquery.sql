-- payload: audience
select digest as email from {{ source('club', 'members') }}
where id = any(select member_id from {{ source('club', 'answers') }} where marketing_consent is true)
-- file: pusher.yml
consent: {column: marketing_consent}
