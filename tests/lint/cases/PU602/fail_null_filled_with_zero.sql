-- expect: 4:13 warning PU602 `value` comes from a division by `coalesce(line_no, 0)`, which can be 0.
-- about: what is NULL passes the condition, and becomes 0
select 'Purchase' as event, order_id as event_id, placed_at as event_time, 'EUR' as currency,
       cast(line_total / coalesce(line_no, 0) as decimal(18, 2)) as value
from {{ source('market', 'order_items') }}
where line_no <> 0 or line_no is null
