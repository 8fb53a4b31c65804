-- expect: 2:29 note PU501 Rows of market.line_items come one by one, and nothing proves that `event_id` is unique among them. A condition may keep one of them; nothing proves it.
select 'Purchase' as event, order_id as event_id, sold_at as event_time
from {{ source('market', 'line_items') }}
qualify rank() over (partition by order_id order by sold_at) = 1
