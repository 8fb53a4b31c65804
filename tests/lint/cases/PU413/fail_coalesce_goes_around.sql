-- expect: 3:8 error PU413 `email` may be of people who did not agree, whatever is asked about `marketing_consent`.
-- payload: audience
select coalesce(case when marketing_consent = 'yes' then digest end, phone_digest) as email from {{ source('club', 'members') }}
-- file: pusher.yml
consent: {column: marketing_consent}
