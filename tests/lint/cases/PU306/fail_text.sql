-- expect: 2:90 warning PU306 `description` is made of string_agg() without ORDER BY: its order differs from run to run.
select 'Purchase' as event, order_id as event_id, min(sold_at) as event_time, string_agg(sku, ', ') as description
from {{ source('market', 'line_items') }}
group by order_id
