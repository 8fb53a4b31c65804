-- expect: 3:108 error PU413 `email` may be of people who did not agree, whatever is asked about `marketing_consent`.
-- payload: audience
with ok as (select id, digest from {{ source('club', 'members') }} where marketing_consent = 'yes') select coalesce(ok.digest, c.digest) as email from {{ source('club', 'cards') }} c full join ok on ok.id = c.member_id
-- file: pusher.yml
consent: {column: marketing_consent}
