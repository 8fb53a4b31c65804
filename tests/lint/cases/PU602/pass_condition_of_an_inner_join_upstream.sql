with sold as (
    select i.order_id, i.line_no, i.placed_at, i.line_total
    from {{ source('market', 'orders') }} as o
    join {{ source('market', 'order_items') }} as i on i.order_id = o.order_id and i.line_no > 0
)
select 'Purchase' as event, order_id || '-' || line_no as event_id, placed_at as event_time, 'EUR' as currency,
       cast(line_total / line_no as decimal(18, 2)) as value
from sold
