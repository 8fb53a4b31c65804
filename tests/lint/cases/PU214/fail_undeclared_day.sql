-- expect: models/staging/_sources.yml:39:1 error PU214 till.receipts.day becomes `event_time` and does not say in which time zone it is.
select 'Purchase' as event, id as event_id, coalesce(day, date '2026-01-01') as event_time from {{ source('till', 'receipts') }}
