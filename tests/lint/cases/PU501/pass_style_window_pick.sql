select 'Purchase' as event, order_id as event_id, placed_at as event_time, total as value, currency, digest as email
from (select *, row_number() over (partition by order_id order by updated_at desc, digest) as rn from {{ source('market', 'orders') }} o where o.placed_at >= timestamp '2026-11-23 06:00:00' - interval 28 day)
where rn = 1
