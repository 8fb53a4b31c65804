-- expect: 3:5 note PU204 `timestamp` is accepted as an alias of `event_time`.
select
    ordered_at as timestamp
from {{ ref('stg_orders') }}
