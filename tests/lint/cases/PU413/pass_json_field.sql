-- payload: audience
select digest as email from {{ source('club', 'members') }} where extra ->> '$.marketing_consent' = 'true'
-- file: pusher.yml
consent: {column: marketing_consent}
