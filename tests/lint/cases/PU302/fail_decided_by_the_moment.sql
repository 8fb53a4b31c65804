-- expect: models/int_keys.sql:2:33 error PU302 `event_id` depends on the moment of the run, so a second run counts every conversion again.
select event_id from {{ ref('int_keys') }}
-- file: models/int_keys.sql
select
    case when ordered_at > cast('{{ run_started_at | replace('+00:00', '') }}' as timestamp) then order_id else 'old' || order_id end as event_id
from {{ ref('stg_orders') }}
