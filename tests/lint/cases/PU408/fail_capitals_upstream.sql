-- expect: models/int_digests.sql:2:8 note PU408 `email` is a digest in capitals; a push writes it in small letters.
select digest as email from {{ ref('int_digests') }}
-- file: models/int_digests.sql
with hashed as (select sha256(lower(email)) as digest from {{ ref('stg_customers') }})
select upper(digest) as digest from hashed
