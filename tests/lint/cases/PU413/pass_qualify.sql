-- payload: audience
select digest as email from {{ source('club', 'members') }}
qualify bool_and(coalesce(marketing_consent = 'yes', false)) over (partition by digest)
-- file: pusher.yml
consent: {column: marketing_consent}
