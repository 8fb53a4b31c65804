-- expect: models/final_items.sql:7:29 error PU501 `event_id` is made of `order_id`, and a row is one `order_id` and `line_no` of market.order_items. Rows that share an id count once.
select * from {{ ref('final_items') }}
-- file: models/final_items.sql
with lines as (
    select order_id, line_no, placed_at, line_total from {{ source('market', 'order_items') }}
),
priced as (
    select order_id as id, placed_at, line_total from lines where line_total > 0
)
select 'Purchase' as event, sha256('v1' || id) as event_id, placed_at as event_time, line_total as value
from priced
