-- expect: 3:13 warning PU601 `value` is divided by market.order_items.quantity: it is the price of one unit.
select 'Purchase' as event, order_id || '-' || line_no as event_id, placed_at as event_time, 'EUR' as currency,
       cast(unit_price * quantity / nullif(quantity, 0) as decimal(18, 2)) as value
from {{ source('market', 'order_items') }}
