with sold as (
    select order_id, min(placed_at) as placed_at, sum(line_total) as total, sum(line_no) as lines
    from {{ source('market', 'order_items') }}
    group by order_id
    having lines <> 0
)
select 'Purchase' as event, order_id as event_id, placed_at as event_time, 'EUR' as currency,
       cast(total / lines as decimal(18, 2)) as value
from sold
