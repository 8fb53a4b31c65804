-- expect: 3:8 error PU413 `email` may be of people who did not agree, whatever is asked about `marketing_consent`.
-- payload: audience
select list(digest) as email from {{ source('club', 'members') }} having bool_or(marketing_consent = 'yes')
-- file: pusher.yml
consent: {column: marketing_consent}
