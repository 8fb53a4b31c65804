-- expect: 2:74 warning PU601 `value` is market.line_items.price, the price of one unit: market.line_items.quantity does not go into it.
select 'Purchase' as event, order_id as event_id, sold_at as event_time, price as value, 'EUR' as currency
from {{ source('market', 'line_items') }}
