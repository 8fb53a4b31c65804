with sold as (
    select * from {{ source('market', 'order_items') }} where coalesce(quantity, 0) != 0
),
priced as (
    select order_id, line_no, placed_at, quantity, line_total / quantity as each from sold
)
select 'Purchase' as event, order_id as event_id, min(placed_at) as event_time, 'EUR' as currency,
       cast(sum(quantity * each) as decimal(18, 2)) as value
from priced
group by order_id
