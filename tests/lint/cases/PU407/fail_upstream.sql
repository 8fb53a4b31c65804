-- expect: models/int_digests.sql:3:5 warning PU407 `email` hashes the e-mail address of shop.customers.email before it is in lower case.
select digest as email from {{ ref('int_digests') }}
-- file: models/int_digests.sql
select
    id,
    sha256(email) as digest
from {{ ref('stg_customers') }}
