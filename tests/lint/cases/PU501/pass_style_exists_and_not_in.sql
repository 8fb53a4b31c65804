select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, o.total as value, o.currency
from {{ source('market', 'orders') }} o
where exists (select * from {{ source('market', 'payments') }} p where p.order_id = o.order_id and p.amount > 0)
  and o.order_id not in (select order_id from {{ source('market', 'line_items') }} where quantity < 0)
  and o.placed_at between date '2026-11-01' and date '2026-11-28'
