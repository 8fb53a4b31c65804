select 'Purchase' as event, id as event_id, plain as event_time from {{ source('kiosk', 'sales') }}
