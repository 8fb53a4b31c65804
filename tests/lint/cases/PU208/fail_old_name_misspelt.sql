-- expect: 3:5 error PU208 `event` can be 'CompletePaymnt', which is not one of its values.
select
    'CompletePaymnt' as event
from {{ ref('stg_orders') }}
