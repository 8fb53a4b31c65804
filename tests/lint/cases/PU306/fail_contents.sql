-- expect: models/baskets.sql:5:59 note PU306 `contents` is made of list() without ORDER BY: its order differs from run to run.
select 'Purchase' as event, order_id as event_id, first_at as event_time, contents from {{ ref('baskets') }}
-- file: models/baskets.sql
with lines as (
    select order_id, sold_at, {'content_id': sku, 'price': price, 'quantity': quantity} as item
    from {{ source('market', 'line_items') }}
)
select order_id, min(sold_at) as first_at, list_transform(array_agg(item), lambda one: one) as contents
from lines
group by order_id
