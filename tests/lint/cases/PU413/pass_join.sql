-- payload: audience
select one.digest as email
from {{ source('crm', 'people') }} as one
join {{ source('crm', 'people') }} as other on one.id = other.id and other.marketing_consent = 'yes'
-- file: models/crm.yml
version: 2
sources:
  - name: crm
    tables:
      - name: people
        columns:
          - {name: id, data_type: varchar}
          - {name: digest, data_type: varchar, config: {meta: {pii: email_sha256}}}
          - {name: marketing_consent, data_type: varchar}
-- file: pusher.yml
consent: {column: marketing_consent}
