-- expect: 3:18 error PU413 `email` may be of people who did not agree, whatever is asked about `marketing_consent`.
-- payload: audience
select case when marketing_consent = 'no' then null else digest end as email from {{ source('club', 'members') }}
-- file: pusher.yml
consent: {column: marketing_consent}
