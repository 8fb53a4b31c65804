select 'Purchase' as event, id as event_id, plain at time zone 'Asia/Tokyo' as event_time from {{ source('till', 'receipts') }}
