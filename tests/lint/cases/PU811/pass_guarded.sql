select
    cast(total as double) / 7 as share,
    total / cast(7 as double) / nullif(1, 0) as other,
    cast(total as double) / nullif(length(order_number), 0) as each,
    length(order_number) // (nullif(length(order_id), 0)) as whole,
    length(order_number) % 2 as rest
from {{ source('market', 'orders') }}
