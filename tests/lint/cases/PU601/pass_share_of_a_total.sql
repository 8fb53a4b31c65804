with lines as (
    select *, sum(line_total) over (partition by order_id) as whole, sum(quantity) over (partition by order_id) as pieces
    from {{ source('market', 'order_items') }}
)
select 'Purchase' as event, order_id || '-' || line_no as event_id, placed_at as event_time, 'EUR' as currency,
       cast(whole * quantity / nullif(pieces, 0) as decimal(18, 2)) as value
from lines
