with lines as (
    select order_id, line_no, placed_at, quantity, line_total / nullif(quantity, 0) as each
    from {{ source('market', 'order_items') }}
)
select 'Purchase' as event, order_id as event_id, min(placed_at) as event_time, 'EUR' as currency,
       cast(sum(each * quantity) as decimal(18, 2)) as value
from lines
group by order_id
