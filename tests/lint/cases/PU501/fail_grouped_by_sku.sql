-- expect: 4:5 warning PU501 `event_id` is made of `order_id`, and a row is one `order_id` and `sku` of the GROUP BY. Rows that share an id count once.
select
    'Purchase' as event,
    order_id as event_id,
    min(sold_at) as event_time,
    sum(price * quantity) as value
from {{ source('market', 'line_items') }}
group by order_id, sku
