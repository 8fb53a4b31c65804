select
    'Purchase' as event,
    o.order_id as event_id,
    o.ordered_at as event_time,
    sha256(lower(trim(c.email))) as email,
    o.amount as value,
    o.currency
from {{ ref('stg_orders') }} as o
left join {{ ref('stg_customers') }} as c on o.customer_id = c.id
