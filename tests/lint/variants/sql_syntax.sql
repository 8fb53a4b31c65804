-- A comma too many.
-- file: models/staging/retail/stg_retail__identities.sql
-- replace:
    select customer_id, 'phone' as kind, 2 as identity_rank, phone as identity, country
-- with:
    select customer_id, 'phone' as kind, 2 as identity_rank,, phone as identity, country
-- expect: models/staging/retail/stg_retail__identities.sql:36:61: error sql-parser: Syntax error at or near ",".
-- fix: Fix the SQL at this place.
