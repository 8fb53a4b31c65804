with numbered as (
    select *, row_number() over (partition by order_id order by line_no) as rn
    from {{ source('market', 'order_items') }}
)
select distinct 'Purchase' as event, order_id as event_id, placed_at as event_time
from numbered
where rn = 1
