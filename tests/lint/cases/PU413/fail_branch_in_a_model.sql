-- expect: models/everybody.sql:3:8 error PU413 This branch asks nobody who agreed: `email` of people who did not agree may leave by it.
-- payload: audience
select digest as email from {{ ref('everybody') }}
-- file: models/everybody.sql
select digest from {{ source('club', 'members') }} where marketing_consent = 'yes'
union all
select digest from {{ source('club', 'cards') }} where card_no is not null
-- file: pusher.yml
consent: {column: marketing_consent}
