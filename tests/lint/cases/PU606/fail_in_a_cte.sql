-- expect: 3:33 warning PU606 `value` sums a column of `o` over a join that gives its rows several times.
with totals as (
    select o.order_id, coalesce(sum(o.total), 0) as total
    from {{ source('market', 'orders') }} as o
    left join {{ source('market', 'order_items') }} as i on i.order_id = o.order_id
    group by 1
)
select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, o.currency, totals.total as value
from {{ source('market', 'orders') }} as o
join totals using (order_id)
