-- expect: 2:45 error PU214 till.receipts.zoned is in UTC, becomes `event_time` and is converted with Europe/Berlin.
select 'Purchase' as event, id as event_id, zoned at time zone 'Europe/Berlin' as event_time from {{ source('till', 'receipts') }}
