select order_id as event_id, order_id, cast(cast(amount as double) as decimal(18, 2)) as value
from {{ ref('stg_orders') }}
