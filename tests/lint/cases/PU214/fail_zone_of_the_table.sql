-- expect: 2:45 error PU214 kiosk.visits.plain is in Asia/Tokyo, becomes `event_time` and is not converted to UTC.
select 'Purchase' as event, id as event_id, plain as event_time from {{ source('kiosk', 'visits') }}
