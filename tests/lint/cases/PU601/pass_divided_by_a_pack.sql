select 'Purchase' as event, order_id as event_id, sold_at as event_time, 'EUR' as currency,
       cast(price / nullif(units_per_case, 0) as decimal(18, 2)) as value
from {{ source('stock', 'sales') }}
-- file: models/staging/_stock.yml
version: 2
sources:
  - name: stock
    tables:
      - name: sales
        columns:
          - {name: order_id, data_type: varchar, data_tests: [unique]}
          - {name: sold_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: price, data_type: "decimal(18, 2)"}
          - {name: units_per_case, data_type: integer}
