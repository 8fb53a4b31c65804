-- source id: none
-- expect: 3:18 error PU211 `event_set_id` was DOUBLE on the way, which keeps 15 of its digits.
select cast(cast(set_no as hugeint) as varchar) as event_set_id from {{ source('sheet', 'stores') }}
-- file: models/sheet.yml
version: 2
sources:
  - name: sheet
    tables:
      - name: stores
        columns:
          - {name: set_no, data_type: double}
