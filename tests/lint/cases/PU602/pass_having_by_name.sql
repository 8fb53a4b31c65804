select 'Purchase' as event, order_id as event_id, min(placed_at) as event_time, 'EUR' as currency,
       sum(line_no) as lines, cast(sum(line_total) / sum(line_no) as decimal(18, 2)) as value
from {{ source('market', 'order_items') }}
group by order_id
having lines <> 0
