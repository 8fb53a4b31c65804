with items as (
    select
        order_id,
        placed_at,
        sum(line_total) over (partition by order_id) as order_total,
        row_number() over (partition by order_id order by line_no) as rn
    from {{ source('market', 'order_items') }}
)
select 'Purchase' as event, order_id as event_id, placed_at as event_time, order_total as value, 'EUR' as currency
from items
where rn = 1 and placed_at > timestamp '2026-11-01'
