-- The name of a macro is misspelt.
-- file: models/intermediate/int_customers__identified.sql
-- replace:
{{ hashed_email('identity') }}
-- with:
{{ hash_email('identity') }}
-- expect: models/intermediate/int_customers__identified.sql:23:34: error undefined-name: `hash_email` is not defined.
-- fix: Did you mean `hashed_email`?
