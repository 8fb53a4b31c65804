-- expect: 2:45 note PU214 till.receipts.berlin is in Europe/Berlin, which sets its clocks twice a year: a time in the hour that comes twice is taken for the later one, and one in the hour that is left out moves an hour forward.
select 'Purchase' as event, id as event_id, made as event_time from {{ ref('stg') }}
-- file: models/staging/stg.sql
select *, (berlin at time zone 'Europe/Berlin') at time zone 'UTC' as made from {{ source('till', 'receipts') }}
-- file: models/staging/_till.yml
version: 2
sources:
  - name: till
    tables:
      - name: receipts
        columns:
          - {name: id, data_type: varchar}
          - {name: plain, data_type: timestamp}
          - {name: day, data_type: date}
          - {name: text_at, data_type: varchar}
          - {name: zoned, data_type: timestamptz}
          - {name: berlin, data_type: timestamp, config: {meta: {timezone: Europe/Berlin}}}
          - {name: tokyo_at, data_type: varchar, config: {meta: {timezone: Asia/Tokyo}}}
          - {name: utc, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: seconds, data_type: bigint}
