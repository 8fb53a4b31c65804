select
    case when regexp_matches(digest, '^[0-9a-f]{64}$') then digest else sha256(lower(trim(digest))) end as email
from {{ source('loyalty', 'members') }}
-- file: models/staging/_loyalty.yml
version: 2
sources:
  - name: loyalty
    tables:
      - name: members
        columns:
          - {name: digest, data_type: varchar, config: {meta: {pii: email_sha256}}}
