-- expect: 5:13 warning PU602 `value` comes from a division by `rest`, which can be 0.
-- about: line_no is another column in the outer query
with parts as (select order_id, placed_at, line_total, line_no - 1 as rest, 1 as line_no from {{ source('market', 'order_items') }})
select 'Purchase' as event, order_id as event_id, placed_at as event_time, 'EUR' as currency,
       cast(line_total / rest as decimal(18, 2)) as value
from (select * from parts where line_no - 1 <> 0)
