-- expect: 2:13 warning PU215 `event_id` was DOUBLE on the way: long ids lose their last digits.
select cast(order_no as varchar) as event_id from {{ source('sheet', 'orders') }}
-- file: models/sheet.yml
version: 2
sources:
  - name: sheet
    tables:
      - name: orders
        columns:
          - {name: order_no, data_type: double}
