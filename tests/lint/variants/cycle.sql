-- A model reads, by way of others, itself.
-- file: models/staging/retail/stg_retail__identities.sql
-- replace:
    from {{ ref('stg_retail__customers') }}
-- with:
    from {{ ref('int_customers__identified') }}
-- expect: models/staging/retail/stg_retail__identities.sql:10:13: error cycle: Models refer to each other in a circle: int_customers__identified -> stg_retail__identities -> int_customers__identified.
-- fix: Remove one of the references.
