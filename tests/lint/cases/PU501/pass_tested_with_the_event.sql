select 'Purchase' as event, order_id as event_id, ordered_at as event_time from {{ ref('stg_orders') }}
-- file: models/tiktok/_view.yml
version: 2
models:
  - name: view
    data_tests:
      - dbt_utils.unique_combination_of_columns:
          arguments: {combination_of_columns: [event, EVENT_ID]}
