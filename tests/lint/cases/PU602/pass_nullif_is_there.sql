select 'Purchase' as event, order_id || '-' || line_no as event_id, placed_at as event_time, 'EUR' as currency,
       cast(line_total / line_no as decimal(18, 2)) as value
from {{ source('market', 'order_items') }}
where nullif(line_no, 0) is not null
