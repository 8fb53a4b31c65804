-- A variable of the project without its default.
-- file: models/intermediate/int_customers__identified.sql
-- replace:
        ) <= {{ var('max_identities', 3) }} as is_sent
-- with:
        ) <= {{ var('max_identites') }} as is_sent
-- expect: models/intermediate/int_customers__identified.sql:53:17: error missing-var: Variable `max_identites` does not exist.
-- fix: Did you mean `max_identities`?
