-- expect: models/int_numbers.sql:2:8 warning PU410 `phone` is the hash of '+49' where the identifier is NULL.
select sha256(number) as phone from {{ ref('int_numbers') }}
-- file: models/int_numbers.sql
with trimmed as (select trim(phone) as phone from {{ ref('stg_customers') }})
select concat('+', '49', phone) as number from trimmed
