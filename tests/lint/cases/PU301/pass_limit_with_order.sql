select 'Purchase' as event, order_id as event_id, ordered_at as event_time
from (select * from {{ ref('stg_orders') }} order by ordered_at, order_id limit 100) as newest
order by ordered_at, order_id
limit 10
