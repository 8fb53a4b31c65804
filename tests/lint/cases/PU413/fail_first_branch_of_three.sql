-- expect: 5:8 error PU413 This branch asks nobody who agreed: `email` of people who did not agree may leave by it.
-- payload: audience
with a as (select digest from {{ source('club', 'cards') }}),
b as (select digest from {{ source('club', 'members') }} where marketing_consent = 'yes')
select digest as email from a
union
select digest from b
union
select digest from b where digest is not null
-- file: pusher.yml
consent: {column: marketing_consent}
