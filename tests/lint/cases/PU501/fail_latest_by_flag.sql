-- expect: 7:29 note PU501 `event_id` is made of `order_id`, and a row is one `order_id` and `line_no` of market.order_items. A condition may keep one of them; nothing proves it.
-- about: the flag may pick one line
with numbered as (
    select *, row_number() over (partition by order_id order by line_no) <= 1 as is_first
    from {{ source('market', 'order_items') }}
)
select 'Purchase' as event, order_id as event_id, placed_at as event_time
from numbered
where is_first
