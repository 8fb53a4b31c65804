select 'Purchase' as event, order_id || '-' || line_no as event_id, placed_at as event_time, 'EUR' as currency,
       if(t.quantity <> 0, cast(line_total / t.quantity * t.quantity as decimal(18, 2)), 0) as value
from {{ source('market', 'order_items') }} as t
