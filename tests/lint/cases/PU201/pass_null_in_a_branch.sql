select 'Purchase' as event, null as event_id, ordered_at as event_time, amount as value, currency
from {{ ref('stg_orders') }}
union all
select null, order_id, ordered_at, amount, currency from {{ ref('stg_orders') }}
