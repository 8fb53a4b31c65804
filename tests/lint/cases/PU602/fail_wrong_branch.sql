-- expect: 3:57 warning PU602 `value` comes from a division by `quantity`, which can be 0.
select 'Purchase' as event, order_id as event_id, placed_at as event_time, 'EUR' as currency,
       case when quantity > 0 then line_total else cast(line_total / quantity as decimal(18, 2)) end as value
from {{ source('market', 'order_items') }}
