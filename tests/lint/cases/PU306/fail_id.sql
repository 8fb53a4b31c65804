-- expect: 2:64 warning PU306 `event_id` is made of list() without ORDER BY: its order differs from run to run.
select 'Purchase' as event, sha256(order_id || array_to_string(list(sku), '-')) as event_id, min(sold_at) as event_time
from {{ source('market', 'line_items') }}
group by order_id
