-- expect: 2:54 error PU201 Required column `event_id` is always NULL.
select 'Purchase' as event, cast(null as varchar) as event_id, ordered_at as event_time, amount as value, currency
from {{ ref('stg_orders') }}
