select 'Purchase' as event, order_id as event_id, min(placed_at) as event_time, 'EUR' as currency,
       cast(sum(line_total) / count(*) / 1.19 / greatest(max(line_no), 1) as decimal(18, 2)) as value
from {{ source('market', 'order_items') }}
group by order_id
