-- expect: 2:79 note PU306 `content_ids` is made of list() without ORDER BY: its order differs from run to run.
select 'Purchase' as event, order_id as event_id, min(sold_at) as event_time, list(distinct sku) as content_ids
from {{ source('market', 'line_items') }}
group by order_id
