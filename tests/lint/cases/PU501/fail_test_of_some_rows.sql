-- expect: 3:29 note PU501 Nothing proves that `event_id` is unique.
-- about: a test with a filter proves nothing about the other rows
select 'Purchase' as event, order_id as event_id, ordered_at as event_time from {{ ref('stg_orders') }}
-- file: models/tiktok/_view.yml
version: 2
models:
  - name: view
    columns:
      - name: event_id
        data_tests:
          - unique:
              config: {where: "event_time > '2026-01-01'"}
