select 'Purchase' as event, id as event_id, utc as event_time from {{ source('till', 'receipts') }}
union all
select 'Purchase' as event, id as event_id, zoned as event_time from {{ source('till', 'receipts') }}
