with rows_once as (select distinct order_id, sold_at, digest from {{ source('market', 'line_items') }})
select 'Purchase' as event, order_id as event_id, min(sold_at) as event_time, min(digest) as email
from rows_once
group by order_id
