-- expect: 3:5 error PU202 `channel` is not a column of offline_events; it is not sent.
select
    channel
from {{ ref('stg_orders') }}
