-- expect: 8:29 note PU501 Nothing proves that `event_id` is unique.
-- about: a column without a name tells rows apart, too
with lines as (
    select order_id, line_no + 1 from {{ source('market', 'order_items') }}
    union
    select order_id, line_no + 2 from {{ source('market', 'order_items') }}
)
select 'Purchase' as event, order_id as event_id, timestamp '2026-11-20 10:00:00' as event_time
from lines
