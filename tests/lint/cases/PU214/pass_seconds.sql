select 'Purchase' as event, id as event_id, seconds as event_time from {{ source('till', 'receipts') }}
