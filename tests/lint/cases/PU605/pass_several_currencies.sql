select 'Purchase' as event, order_id as event_id, placed_at as event_time, total as value,
       case when total > 1000 then 'JPY' else 'EUR' end as currency
from {{ source('market', 'orders') }}
