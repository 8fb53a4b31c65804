select digest as email from {{ ref('stg_people') }}
-- file: models/staging/stg_people.sql
select sha256(lower(trim(email))) as digest from {{ ref('stg_customers') }}
-- file: models/staging/_people.yml
version: 2
models:
  - name: stg_people
    columns:
      - {name: digest, config: {meta: {pii: email}}}
