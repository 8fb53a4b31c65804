-- expect: 3:38 note PU501 Nothing proves that `event_id` is unique.
-- about: one order's lines are alike in these columns, or are not
select distinct 'Purchase' as event, order_id as event_id, placed_at as event_time
from {{ source('market', 'order_items') }}
