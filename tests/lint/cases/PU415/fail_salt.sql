-- expect: models/int_salted.sql:1:8 warning PU415 `email` hashes an address with 'pepper' added to it: it matches nobody.
select sha256(address) as email from {{ ref('int_salted') }}
-- file: models/int_salted.sql
select 'pepper' || lower(trim(email)) as address from {{ ref('stg_customers') }}
