-- A macro has no argument of this name.
-- file: models/intermediate/int_customers__identified.sql
-- replace:
{{ hashed_phone('identity', 'country') }}
-- with:
{{ hashed_phone('identity', land='country') }}
-- expect: models/intermediate/int_customers__identified.sql:24:34: error macro-arguments: Macro `hashed_phone` takes no keyword argument `land`.
-- fix: Call it with the arguments that its {% macro %} line names.
