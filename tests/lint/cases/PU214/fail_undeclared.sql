-- expect: models/staging/_sources.yml:38:1 error PU214 till.receipts.plain becomes `event_time` and does not say in which time zone it is.
select 'Purchase' as event, id as event_id, date_trunc('second', max(plain)) as event_time from {{ source('till', 'receipts') }} group by id
