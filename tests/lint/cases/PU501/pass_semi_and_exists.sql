select 'Purchase' as event, order_id as event_id, placed_at as event_time
from {{ source('market', 'orders') }} as orders
semi join {{ source('market', 'payments') }} as payments on payments.order_id = orders.order_id
where exists (select 1 from {{ source('market', 'order_items') }} as items where items.order_id = orders.order_id)
  and customer_id in (select customer_id from {{ source('market', 'addresses') }})
