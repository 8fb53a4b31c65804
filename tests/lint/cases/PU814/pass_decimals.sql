select
    cast(total as varchar) as total,
    cast(cast(total / 3 as decimal(18, 2)) as varchar) as third,
    concat(order_id, cast(round(avg(total), 2) as decimal(18, 2))) as average,
    order_id || 'x' as id
from {{ source('market', 'orders') }}
group by order_id, total
