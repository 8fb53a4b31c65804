select 'Purchase' as event, order_id as event_id, ordered_at as event_time from {{ ref('stg_orders') }}
-- file: models/tiktok/_view.yml
version: 2
models:
  - name: view
    columns:
      - {name: event_id, data_tests: [unique]}
