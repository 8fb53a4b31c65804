-- expect: 2:45 error PU214 kiosk.sales.berlin is in Europe/Berlin, becomes `event_time` and is not converted to UTC.
select 'Purchase' as event, id as event_id, berlin as event_time from {{ source('kiosk', 'sales') }}
