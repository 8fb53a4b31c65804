-- payload: audience
select digest as email from {{ source('club', 'members') }} group by digest having bool_or(marketing_consent = 'yes')
-- file: pusher.yml
consent: {column: marketing_consent}
