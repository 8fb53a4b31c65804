-- expect: 3:8 warning PU406 `email` hashes loyalty.members.email_hash, whose name says that it holds digests.
-- expect: 3:81 warning PU406 `phone` hashes loyalty.members.phoneSha256, whose name says that it holds digests.
select sha256(lower(trim(email_hash))) as email, {{ hashed('phonesha256') }} as phone
from {{ source('loyalty', 'members') }}
-- file: macros/identity/hashed.sql
{% macro hashed(column) %}sha256({{ column }}){% endmacro %}
-- file: models/staging/_loyalty.yml
version: 2
sources:
  - name: loyalty
    tables:
      - name: members
        columns:
          - {name: email_hash, data_type: varchar, config: {meta: {pii: email}}}
          - {name: phoneSha256, data_type: varchar, config: {meta: {pii: phone}}}
