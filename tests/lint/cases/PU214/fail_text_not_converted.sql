-- expect: 2:50 error PU214 till.receipts.tokyo_at is in Asia/Tokyo, becomes `event_time` and is not converted to UTC.
select 'Purchase' as event, id as event_id, cast(replace(tokyo_at, 'T', ' ') as timestamp) as event_time from {{ source('till', 'receipts') }}
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
