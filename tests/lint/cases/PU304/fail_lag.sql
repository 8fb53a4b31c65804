-- expect: 3:8 warning PU304 `lag()` is ordered by `placed_at`: of two rows that are alike there, any may come first.
select 'Purchase' as event, order_id as event_id, placed_at as event_time,
       lag(currency) over (partition by customer_id order by placed_at) as currency
from {{ source('market', 'orders') }}
