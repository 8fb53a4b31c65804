-- expect: 4:15 note PU502 `unnest()` makes several rows of one: an event can come several times.
-- about: two rows have the number 1
with numbered as (
    select *, unnest([1, 2]) as k, row_number() over (partition by order_id order by line_no) as rn
    from {{ source('market', 'order_items') }}
)
select 'Purchase' as event, order_id as event_id, placed_at as event_time
from numbered
where rn = 1
