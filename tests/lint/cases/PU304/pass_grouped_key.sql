with days as (
    select customer_id, cast(placed_at as date) as day, sum(total) as total, max(placed_at) as last_at
    from {{ source('market', 'orders') }}
    group by customer_id, cast(placed_at as date)
)
select 'Purchase' as event, customer_id as event_id, last_at as event_time, total as value, 'EUR' as currency
from days
qualify row_number() over (partition by customer_id order by day desc) = 1
