-- expect: models/int_keys.sql:2:5 error PU403 `description` carries the e-mail address of shop.customers.email hashed with sha1().
select key as description from {{ ref('int_keys') }}
-- file: models/int_keys.sql
select
    sha1(email || 'salt') as key
from {{ ref('stg_customers') }}
