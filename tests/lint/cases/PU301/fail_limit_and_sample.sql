-- expect: 5:56 warning PU301 A sample takes other rows from run to run.
-- expect: 7:7 warning PU301 LIMIT without ORDER BY takes other rows from run to run.
select 'Purchase' as event, order_id as event_id, ordered_at as event_time
from (
    select * from {{ ref('stg_orders') }} using sample 10 percent
) as part
limit 100
