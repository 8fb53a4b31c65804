-- payload: audience
select digest as email from {{ source('club', 'members') }}
except
select digest from {{ source('club', 'members') }} where coalesce(marketing_consent, '') != 'yes'
-- file: pusher.yml
consent: {column: marketing_consent}
