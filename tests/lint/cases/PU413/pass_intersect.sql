-- payload: audience
select digest as email from {{ source('club', 'cards') }} where member_id in (select member_id from {{ source('club', 'cards') }} intersect select member_id from {{ source('club', 'answers') }} where marketing_consent)
-- file: pusher.yml
consent: {column: marketing_consent}
