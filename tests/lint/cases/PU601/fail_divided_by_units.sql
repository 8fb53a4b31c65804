-- expect: 7:10 warning PU601 `value` is divided by market.order_items.quantity: it is the price of one unit.
select
    'Purchase' as event,
    'USD' as currency,
    order_id as event_id,
    placed_at as event_time,
    cast(line_total / nullif(quantity, 0) as decimal(18, 2)) as value
from {{ source('market', 'order_items') }}
