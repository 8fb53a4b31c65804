-- expect: 3:13 warning PU602 `value` comes from a division by `quantity`, which can be 0.
select 'Purchase' as event, order_id as event_id, placed_at as event_time, 'EUR' as currency,
       cast(line_total / quantity as decimal(18, 2)) as value
from {{ source('market', 'order_items') }}
where quantity is not null and quantity >= 0
