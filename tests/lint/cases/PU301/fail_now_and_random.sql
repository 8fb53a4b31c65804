-- expect: models/int_recent.sql:3:18 warning PU301 `now` differs from run to run.
-- expect: models/int_recent.sql:4:9 warning PU301 `current_date` differs from run to run.
-- expect: 7:26 warning PU301 `current_timestamp` differs from run to run.
-- expect: 9:7 warning PU301 `random` differs from run to run.
select
    order_id as event_id,
    current_timestamp as event_time
from {{ ref('int_recent') }}
where random() < 0.5
-- file: models/int_recent.sql
select * from {{ ref('stg_orders') }}
where
    ordered_at > now() - interval 7 day
    and ordered_at < current_date
