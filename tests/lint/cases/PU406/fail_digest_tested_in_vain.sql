-- expect: 4:14 error PU406 `email` holds the hash of a hash of loyalty.members.digest.
select
    case when regexp_matches(other, '^[0-9a-f]{64}$') then other
        else sha256(lower(trim(digest)))
    end as email
from {{ source('loyalty', 'members') }}
-- file: models/staging/_loyalty.yml
version: 2
sources:
  - name: loyalty
    tables:
      - name: members
        columns:
          - {name: digest, data_type: varchar, config: {meta: {pii: email_sha256}}}
          - {name: other, data_type: varchar}
