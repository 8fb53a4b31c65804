select 'Purchase' as event, id as event_id, timezone('UTC', timezone('Asia/Tokyo', cast(tokyo_at as timestamp))) as event_time from {{ source('till', 'receipts') }}
