-- expect: 3:29 warning PU501 Rows of market.line_items come one by one, and nothing proves that `event_id` is unique among them.
-- about: one in a hundred rows are several
select 'Purchase' as event, order_id as event_id, sold_at as event_time
from {{ source('market', 'line_items') }}
order by all
limit 1%
