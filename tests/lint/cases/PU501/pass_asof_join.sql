select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, c.digest as email
from {{ source('market', 'orders') }} as o
asof left join {{ source('market', 'customers') }} as c
    on c.digest = o.digest and c.joined_at <= o.placed_at
