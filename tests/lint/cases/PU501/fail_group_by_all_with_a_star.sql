-- expect: 8:29 warning PU501 `event_id` is made of `order_id`, and a row is one `order_id` and `line_no` and `sku` and `title` and `quantity` and `unit_price` and `line_total` of the GROUP BY. Rows that share an id count once.
-- about: the star's columns are part of the group
with lines as (
    select items.* exclude (placed_at), min(placed_at) as first_at
    from {{ source('market', 'order_items') }} as items
    group by all
)
select 'Purchase' as event, order_id as event_id, first_at as event_time
from lines
