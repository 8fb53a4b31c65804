-- expect: models/baskets.sql:2:62 warning PU602 `contents` comes from a division by `quantity`, which can be 0.
select 'Purchase' as event, order_id as event_id, first_at as event_time, contents from {{ ref('baskets') }}
-- file: models/baskets.sql
with lines as (
    select order_id, line_no, placed_at, sku, quantity, cast(line_total / quantity as decimal(18, 2)) as price
    from {{ source('market', 'order_items') }}
)
select order_id, min(placed_at) as first_at,
       list({'content_id': sku, 'price': price, 'quantity': quantity} order by line_no) as contents
from lines
group by order_id
