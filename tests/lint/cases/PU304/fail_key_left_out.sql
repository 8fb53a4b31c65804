-- expect: 4:9 warning PU304 `row_number()` is ordered by `placed_at`: of two rows that are alike there, any may come first.
select 'AddToCart' as event, customer_id as event_id, placed_at as event_time, total as value
from {{ source('market', 'orders') }}
qualify row_number() over (partition by customer_id order by placed_at desc) = 1
