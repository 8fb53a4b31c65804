select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, o.total as value, o.currency, k.digest as email
from {{ source('market', 'orders') }} o asof left join {{ source('market', 'customers') }} k on o.customer_id = k.customer_id and o.placed_at >= k.joined_at where o.placed_at >= timestamp '2026-11-23 06:00:00' - interval 28 day
