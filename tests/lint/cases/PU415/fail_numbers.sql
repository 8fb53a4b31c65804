-- expect: 4:28 warning PU415 `phone` hashes the digits of a number without its +: it matches nobody.
-- expect: 7:15 warning PU415 `phone` hashes the first 14 characters of a number, and a number has up to 15 digits.
-- expect: 9:15 note PU415 `phone` has +1 before every number, also before those that have it and those of elsewhere.
with digits as (select id, regexp_replace(phone, '\D', '', 'g') as phone from {{ ref('stg_customers') }})
select sha256(phone) as phone from digits
union all
select sha256(left(replace(phone, ' ', ''), 14)) from {{ ref('stg_customers') }}
union all
select sha256('+1' || phone) from digits
