select 'Purchase' as event, order_id as event_id, sold_at as event_time, price as value, 'EUR' as currency
from {{ ref('sales') }}
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
          - {name: stock_quantity, data_type: integer}
          - {name: min_quantity, data_type: integer}
          - {name: quantity_on_hand, data_type: integer}
          - {name: available_units, data_type: integer}
-- file: models/sales.sql
select * from {{ source('stock', 'sales') }}
