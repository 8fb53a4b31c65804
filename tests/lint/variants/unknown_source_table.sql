-- The name of a source's table is misspelt.
-- file: models/staging/retail/stg_retail__transactions.sql
-- replace:
{{ source('retail', 'transactions') }}
-- with:
{{ source('retail', 'transaction') }}
-- expect: models/staging/retail/stg_retail__transactions.sql:26:13: error missing-source: Source `retail.transaction` does not exist.
-- fix: Did you mean `retail.transactions`?
