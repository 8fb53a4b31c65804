-- about: a column that is looked at and leaves nobody out
-- expect: 4:1 error PU413 Neither this view nor what it reads asks `marketing_consent` who agreed.
-- payload: audience
select case when marketing_consent = 'yes' then digest end as email from {{ source('crm', 'people') }}
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
