-- expect: 2:76 warning PU602 `num_items` comes from a division by `(quantity - 1)`, which can be 0.
select 'Purchase' as event, order_id as event_id, placed_at as event_time, quantity // (quantity - 1) as num_items
from {{ source('market', 'order_items') }}
