-- payload: audience
select digest as email from {{ source('club', 'members') }} where marketing_consent in ('granted', 'yes')
-- file: pusher.yml
consent: {column: marketing_consent}
