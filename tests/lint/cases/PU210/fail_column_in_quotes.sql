-- about: quotes around a column make a text of it
-- expect: 5:29 error PU210 `event_id` is the text 'order_id' in every row.
-- expect: 5:79 error PU210 `shop_id` is the text 'shop_id' in every row.
-- payload: offline_events
select 'Purchase' as event, 'order_id' as event_id, ordered_at as event_time, 'shop_id' as shop_id
from {{ ref('stg_orders') }}
