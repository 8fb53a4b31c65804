select 'Purchase' as event, id as event_id, cast(text_at as timestamptz) as event_time from {{ source('till', 'receipts') }}
