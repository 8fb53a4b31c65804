with shares as (
    select order_id, placed_at, total, total / sum(total) over (partition by customer_id) as share
    from {{ source('market', 'orders') }}
)
select 'Purchase' as event, order_id as event_id, placed_at as event_time, total as value, 'EUR' as currency
from shares
where share > 0.1
