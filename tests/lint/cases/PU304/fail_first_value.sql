-- expect: 6:5 warning PU304 `first_value()` is ordered by `placed_at`: of two rows that are alike there, any may come first.
select distinct
    'Purchase' as event,
    customer_id as event_id,
    min(placed_at) over (partition by customer_id) as event_time,
    first_value(total) over w as value
from {{ source('market', 'orders') }}
window w as (partition by customer_id order by placed_at)
