select
    case when regexp_matches(email_hash, '^[0-9a-f]{64}$') then email_hash else sha256(lower(trim(email_hash))) end
        as email,
    sha256(regexp_replace(hashtag_phone, '[^0-9+]', '', 'g')) as phone
from {{ source('loyalty', 'members') }}
-- file: models/staging/_loyalty.yml
version: 2
sources:
  - name: loyalty
    tables:
      - name: members
        columns:
          - {name: email_hash, data_type: varchar, config: {meta: {pii: email}}}
          - {name: hashtag_phone, data_type: varchar, config: {meta: {pii: phone}}}
