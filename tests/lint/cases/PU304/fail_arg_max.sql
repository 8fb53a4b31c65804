-- expect: 2:92 warning PU304 `arg_max()` is ordered by `placed_at`: of two rows that are alike there, any may come first.
select 'Purchase' as event, customer_id as event_id, max(placed_at) as event_time, arg_max(total, placed_at) as value
from {{ source('market', 'orders') }}
group by customer_id
