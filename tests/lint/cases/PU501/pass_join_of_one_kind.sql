-- about: what ON fixes need not be told apart
select 'Purchase' as event, orders.order_id as event_id, orders.placed_at as event_time, first_line.title as description
from {{ source('market', 'orders') }} as orders
left join {{ source('market', 'order_items') }} as first_line
    on first_line.order_id = orders.order_id and first_line.line_no = 1
