with lines as (
    select order_id, line_no, placed_at, line_total,
           struct_pack(content_id := sku, price := unit_price, quantity := quantity) as item
    from {{ source('market', 'order_items') }}
    where quantity > 0
)
select 'Purchase' as event, order_id as event_id, min(placed_at) as event_time,
       array_agg(item order by line_no) as contents, sum(line_total) as value, 'EUR' as currency
from lines
group by order_id
having min(placed_at) >= timestamp '2026-11-01'
