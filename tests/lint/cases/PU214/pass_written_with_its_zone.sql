select 'Purchase' as event, id as event_id, cast(zoned as varchar) as event_time from {{ source('till', 'receipts') }}
union all
select 'Purchase' as event, id as event_id, cast(utc at time zone 'UTC' as varchar) as event_time from {{ source('till', 'receipts') }}
