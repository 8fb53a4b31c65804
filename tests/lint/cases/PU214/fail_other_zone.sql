-- expect: 2:46 error PU214 till.receipts.berlin is in Europe/Berlin, becomes `event_time` and is converted with Europe/Paris.
select 'Purchase' as event, id as event_id, (berlin at time zone 'Europe/Paris') at time zone 'UTC' as event_time from {{ source('till', 'receipts') }}
