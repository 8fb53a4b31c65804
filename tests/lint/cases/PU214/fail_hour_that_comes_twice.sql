-- expect: 2:45 note PU214 till.receipts.berlin is in Europe/Berlin, which sets its clocks twice a year: a time in the hour that comes twice is taken for the later one, and one in the hour that is left out moves an hour forward.
select 'Purchase' as event, id as event_id, made as event_time from {{ ref('stg') }}
-- file: models/staging/stg.sql
select *, (berlin at time zone 'Europe/Berlin') at time zone 'UTC' as made from {{ source('till', 'receipts') }}
