-- payload: audience
select digest as email from (select digest, bool_or(coalesce(marketing_consent = 'yes', false)) as ok from {{ source('club', 'members') }} group by digest) where ok
-- file: pusher.yml
consent: {column: marketing_consent}
