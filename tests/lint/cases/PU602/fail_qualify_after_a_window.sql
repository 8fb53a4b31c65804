-- expect: 4:17 warning PU602 `value` comes from a division by `line_no`, which can be 0.
-- about: the window adds up all rows
select 'Purchase' as event, order_id as event_id, placed_at as event_time, 'EUR' as currency,
       cast(sum(line_total / line_no) over (partition by order_id) as decimal(18, 2)) as value
from {{ source('market', 'order_items') }}
qualify line_no <> 0 and row_number() over (partition by order_id order by line_no) = 1
