select 'Purchase' as event, order_id || '-' || line_no as event_id, placed_at as event_time, 'EUR' as currency,
       case quantity when 0 then null else cast(line_total / quantity * quantity as decimal(18, 2)) end as value
from {{ source('market', 'order_items') }}
