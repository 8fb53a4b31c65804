-- expect: 6:10 note PU814 A DOUBLE as text is written differently elsewhere, such as `2` for `2.0`.
-- expect: 7:6 note PU814 A DOUBLE as text is written differently elsewhere, such as `2` for `2.0`.
-- expect: 8:5 note PU814 A DOUBLE as text is written differently elsewhere, such as `2` for `2.0`.
-- expect: 9:5 note PU814 A DOUBLE as text is written differently elsewhere, such as `2` for `2.0`.
select
    cast(total / 3 as varchar) as third,
    (2 * cast(total as double))::varchar as twice,
    order_id || total / 3 || 'x' as both,
    concat(order_id, avg(total)) as average
from {{ source('market', 'orders') }}
group by order_id, total
