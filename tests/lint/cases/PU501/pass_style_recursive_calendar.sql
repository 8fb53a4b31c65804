with recursive days as (
    select date '2026-11-01' as day
    union all
    select cast(day + interval 1 day as date) from days where day < date '2026-11-28'
)
select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, o.total as value, o.currency
from {{ source('market', 'orders') }} o
where cast(o.placed_at as date) in (select day from days)
