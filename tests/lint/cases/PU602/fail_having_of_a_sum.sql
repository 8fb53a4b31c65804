-- expect: 4:42 warning PU602 `value` comes from a division by `line_no`, which can be 0.
-- about: the name is that of the sum, and one of what is added is 0
select 'Purchase' as event, order_id as event_id, min(placed_at) as event_time, 'EUR' as currency,
       sum(line_no) as line_no, cast(sum(line_total / line_no) as decimal(18, 2)) as value
from {{ source('market', 'order_items') }}
group by order_id
having line_no <> 0
