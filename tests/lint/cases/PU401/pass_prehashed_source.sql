select digest as email from {{ source('loyalty', 'members') }}
-- file: models/staging/_loyalty.yml
version: 2
sources:
  - name: loyalty
    tables:
      - name: members
        columns:
          - {name: digest, data_type: varchar, config: {meta: {pii: email_sha256}}}
