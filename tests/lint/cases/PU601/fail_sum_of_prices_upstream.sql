-- expect: 2:74 warning PU601 `value` is market.line_items.price, the price of one unit: market.line_items.quantity does not go into it.
select 'Purchase' as event, order_id as event_id, sold_at as event_time, basket as value, 'EUR' as currency
from {{ ref('baskets') }}
-- file: models/baskets.sql
with lines as (select order_id, sold_at, price as amount from {{ source('market', 'line_items') }})
select order_id, min(sold_at) as sold_at, sum(amount) as basket from lines group by order_id
