select 'Purchase' as event, number as event_id, happened_at as event_time from {{ ref('pilots') }}
-- file: seeds/pilots.csv
number,happened_at
1,2026-11-20 10:00:00
-- file: seeds/_pilots.yml
version: 2
seeds:
  - name: pilots
    columns:
      - {name: number, data_tests: [unique]}
      - {name: happened_at, config: {meta: {timezone: UTC}}}
