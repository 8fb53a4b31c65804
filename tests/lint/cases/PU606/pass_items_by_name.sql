select
    'Purchase' as event,
    o.order_id as event_id,
    min(o.placed_at) as event_time,
    min(o.currency) as currency,
    sum(i.amount) + max(o.total) - max(o.total) as value
from {{ source('web', 'basket_items') }} as i
join {{ source('market', 'orders') }} as o on o.order_id = i.order_id
group by o.order_id
-- file: models/staging/_web.yml
version: 2
sources:
  - name: web
    tables:
      - name: basket_items
        columns:
          - {name: order_id, data_type: varchar}
          - {name: amount, data_type: "decimal(18, 2)"}
