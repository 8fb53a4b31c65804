-- expect: 3:5 warning PU206 `ttclid` is not sent for offline events.
select
    city as ttclid
from {{ ref('stg_customers') }}
