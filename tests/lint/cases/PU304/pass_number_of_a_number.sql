with numbered as (
    select *, row_number() over (partition by customer_id order by placed_at, order_id) as nth
    from {{ source('market', 'orders') }}
)
select 'Purchase' as event, order_id as event_id, placed_at as event_time, lag(total) over (
    partition by customer_id order by nth
) as value, 'EUR' as currency
from numbered
