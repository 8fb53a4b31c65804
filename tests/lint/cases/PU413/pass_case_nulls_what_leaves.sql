-- payload: audience
select case when marketing_consent = 'yes' then digest end as email from {{ source('club', 'members') }}
-- file: pusher.yml
consent: {column: marketing_consent}
