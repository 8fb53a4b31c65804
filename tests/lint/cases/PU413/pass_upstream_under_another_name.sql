-- payload: audience
select digest as email from {{ ref('agreed') }}
-- file: models/agreed.sql
with people as (select * from {{ ref('stg_people') }})
select digest from people where has_consent
-- file: models/stg_people.sql
select digest, coalesce(lower(trim(marketing_consent)), '') = 'yes' as has_consent from {{ source('crm', 'people') }}
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
