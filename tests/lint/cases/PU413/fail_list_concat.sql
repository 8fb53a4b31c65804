-- expect: 3:8 error PU413 `email` may be of people who did not agree, whatever is asked about `marketing_consent`.
-- payload: audience
select list(digest) filter (where marketing_consent = 'yes') || list(phone_digest) as email from {{ source('club', 'members') }} group by id
-- file: pusher.yml
consent: {column: marketing_consent}
