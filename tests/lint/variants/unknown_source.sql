-- The name of a source is misspelt.
-- file: models/staging/retail/stg_retail__customers.sql
-- replace:
{{ source('retail', 'customers') }}
-- with:
{{ source('retial', 'customers') }}
-- expect: models/staging/retail/stg_retail__customers.sql:14:13: error missing-source: Source `retial.customers` does not exist.
-- fix: Did you mean `retail.customers`?
