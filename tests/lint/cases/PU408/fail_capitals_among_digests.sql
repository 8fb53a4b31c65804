-- expect: 3:8 note PU408 `email` is a digest in capitals; a push writes it in small letters.
-- payload: audience
select upper(email_digest) as email from {{ source('app', 'devices') }}
union all
select sha256(lower(email)) from {{ ref('stg_customers') }}
