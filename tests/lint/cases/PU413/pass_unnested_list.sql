-- payload: audience
select unnest(digests) as email from (select id, list(digest) as digests from {{ source('club', 'members') }} where marketing_consent = 'yes' group by id)
-- file: pusher.yml
consent: {column: marketing_consent}
