-- An address is hashed with MD5.
-- file: models/intermediate/int_customers__identified.sql
-- replace:
            when 'email' then {{ hashed_email('identity') }}
-- with:
            when 'email' then md5({{ normalize_email('identity') }})
-- expect: macros/identity/hashed_phone.sql:3:1: warning PU407 privacy.unnormalised-hash: `email` hashes the e-mail address of retail.customers.email before it is in lower case.
-- fix: Use {{ hashed_email('...') }}.
-- expect: macros/identity/hashed_phone.sql:3:1: warning PU407 privacy.unnormalised-hash: `email` hashes the e-mail address of retail.customers.loyalty_email before it is in lower case.
-- fix: Use {{ hashed_email('...') }}.
-- expect: models/intermediate/int_customers__identified.sql:23:31: error PU403 privacy.weak-hash: `email` carries the e-mail address of retail.customers.email hashed with md5().
-- fix: Hash it with {{ hashed_email('...') }}, or leave it out of the view.
-- expect: models/intermediate/int_customers__identified.sql:23:31: error PU403 privacy.weak-hash: `phone` carries the e-mail address of retail.customers.email hashed with md5().
-- fix: Hash it with {{ hashed_email('...') }}, or leave it out of the view.
