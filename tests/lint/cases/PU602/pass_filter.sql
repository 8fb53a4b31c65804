select 'Purchase' as event, order_id as event_id, min(placed_at) as event_time, 'EUR' as currency,
       cast(sum(line_total / line_no) filter (where line_no between 1 and 5) as decimal(18, 2)) as value
from {{ source('market', 'order_items') }}
group by order_id
