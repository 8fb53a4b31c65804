select 'Purchase' as event, id as event_id, utc as event_time from {{ source('till', 'receipts') }} where plain > timestamp '2026-01-01'
