-- expect: 2:8 error PU401 `description` carries a raw e-mail address from stg_people.handle.
select handle as description from {{ ref('stg_people') }}
-- file: models/staging/stg_people.sql
select city as handle from {{ ref('stg_customers') }}
-- file: models/staging/_people.yml
version: 2
models:
  - name: stg_people
    columns:
      - {name: handle, config: {meta: {pii: email}}}
