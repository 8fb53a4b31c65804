-- payload: audience
select max(digest) filter (where marketing_consent = 'yes') as email from {{ source('club', 'members') }} group by id
-- file: pusher.yml
consent: {column: marketing_consent}
