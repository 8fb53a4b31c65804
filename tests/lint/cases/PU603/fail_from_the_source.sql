-- expect: 2:92 note PU603 `value` is DOUBLE.
select 'Purchase' as event, order_id as event_id, at_utc as event_time, 'EUR' as currency, total as value
from {{ source('till2', 'receipts') }}
-- file: models/staging/_till2.yml
version: 2
sources:
  - name: till2
    tables:
      - name: receipts
        columns:
          - {name: order_id, data_type: varchar, data_tests: [unique]}
          - {name: at_utc, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: total, data_type: double}
