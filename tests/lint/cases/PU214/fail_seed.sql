-- expect: seeds/_pilots.yml:6:1 error PU214 pilots.happened_at becomes `event_time` and does not say in which time zone it is.
-- about: a file of the project says no zone either
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
      - {name: happened_at}
