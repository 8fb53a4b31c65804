-- payload: audience
select digest as email from {{ source('club', 'members') }} group by digest having arg_max(marketing_consent, changed_at) = 'yes'
-- file: pusher.yml
consent: {column: marketing_consent}
