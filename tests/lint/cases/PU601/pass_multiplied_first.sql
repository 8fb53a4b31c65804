select 'Purchase' as event, order_id || '-' || line_no as event_id, placed_at as event_time, 'EUR' as currency,
       cast((unit_price * quantity) / nullif(pack_quantity, 0) as decimal(18, 2)) as value
from (select *, quantity + 1 as pack_quantity from {{ source('market', 'order_items') }})
