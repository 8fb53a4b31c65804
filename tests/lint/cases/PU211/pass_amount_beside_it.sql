-- source id: none
select '7654321098765432109' as event_set_id, cast(cast(amount as double) as decimal(18, 2)) as value
from {{ ref('stg_orders') }}
