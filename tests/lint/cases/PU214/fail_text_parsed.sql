-- expect: models/staging/_sources.yml:40:1 error PU214 till.receipts.text_at becomes `event_time` and does not say in which time zone it is.
select 'Purchase' as event, id as event_id, strptime(text_at, '%d.%m.%Y %H:%M') as event_time from {{ source('till', 'receipts') }}
