-- expect: models/staging/_till.yml:10:1 error PU214 till.receipts.text_at becomes `event_time` and does not say in which time zone it is.
select 'Purchase' as event, id as event_id, strptime(text_at, '%d.%m.%Y %H:%M') as event_time from {{ source('till', 'receipts') }}
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
