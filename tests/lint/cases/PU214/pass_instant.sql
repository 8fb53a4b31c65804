select 'Purchase' as event, id as event_id, zoned at time zone 'UTC' as event_time from {{ source('till', 'receipts') }}
