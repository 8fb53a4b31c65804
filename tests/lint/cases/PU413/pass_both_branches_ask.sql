-- payload: audience
select digest as email from {{ source('club', 'members') }} where marketing_consent = 'yes'
union all by name
select c.digest as email from {{ source('club', 'cards') }} as c join {{ source('club', 'answers') }} as a using (member_id) where a.marketing_consent
-- file: pusher.yml
consent: {column: marketing_consent}
