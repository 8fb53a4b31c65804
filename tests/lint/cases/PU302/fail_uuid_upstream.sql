-- expect: models/int_keys.sql:2:10 error PU302 `event_id` depends on uuid(), so a second run counts every conversion again.
select sha256('v1' || key) as event_id from {{ ref('int_keys') }}
-- file: models/int_keys.sql
select
    cast(uuid() as varchar) as key
from {{ ref('stg_orders') }}
