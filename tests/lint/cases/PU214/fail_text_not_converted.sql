-- expect: 2:50 error PU214 till.receipts.tokyo_at is in Asia/Tokyo, becomes `event_time` and is not converted to UTC.
select 'Purchase' as event, id as event_id, cast(replace(tokyo_at, 'T', ' ') as timestamp) as event_time from {{ source('till', 'receipts') }}
