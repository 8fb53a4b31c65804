-- expect: 6:29 warning PU501 Rows of market.line_items come one by one, and nothing proves that `event_id` is unique among them.
-- about: no test says so, but the table's name does
with items as (
    select * from {{ source('market', 'line_items') }}
)
select 'Purchase' as event, order_id as event_id, sold_at as event_time, digest as email, price as value
from items
