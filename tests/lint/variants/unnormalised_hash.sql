-- An address is hashed as it was typed.
-- file: models/intermediate/int_customers__identified.sql
-- replace:
            when 'email' then {{ hashed_email('identity') }}
-- with:
            when 'email' then sha256(identity)
-- expect: models/intermediate/int_customers__identified.sql:23:31: warning PU407 privacy.unnormalised-hash: `email` hashes the e-mail address of retail.customers.email before it is in lower case.
-- fix: Use {{ hashed_email('...') }}.
-- expect: models/intermediate/int_customers__identified.sql:23:31: warning PU407 privacy.unnormalised-hash: `email` hashes the e-mail address of retail.customers.loyalty_email before it is in lower case.
-- fix: Use {{ hashed_email('...') }}.
