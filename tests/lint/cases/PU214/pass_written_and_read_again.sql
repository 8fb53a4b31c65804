select 'Purchase' as event, id as event_id, cast(cast(utc as varchar) as timestamp) as event_time from {{ source('till', 'receipts') }}
