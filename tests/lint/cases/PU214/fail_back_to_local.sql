-- expect: 2:46 error PU214 `event_time` is till.receipts.berlin turned into Asia/Tokyo.
select 'Purchase' as event, id as event_id, (berlin at time zone 'Europe/Berlin') at time zone 'Asia/Tokyo' as event_time from {{ source('till', 'receipts') }}
