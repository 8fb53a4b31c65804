-- expect: 2:50 error PU214 `event_time` is till.receipts.utc as text, which does not say its zone; every row would be refused.
select 'Purchase' as event, id as event_id, cast(utc as varchar) as event_time from {{ source('till', 'receipts') }}
