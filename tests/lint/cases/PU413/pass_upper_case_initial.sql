-- payload: audience
SELECT digest AS email FROM {{ source('club', 'members') }} WHERE UPPER(TRIM(marketing_consent)) = 'Y'
-- file: pusher.yml
consent: {column: marketing_consent}
