-- expect: models/int_addresses.sql:1:8 warning PU411 `email` is hashed after only the first match of '\s+' was replaced.
select sha256(lower(address)) as email from {{ ref('int_addresses') }}
-- file: models/int_addresses.sql
select regexp_replace(email, '\s+', '') as address from {{ ref('stg_customers') }}
