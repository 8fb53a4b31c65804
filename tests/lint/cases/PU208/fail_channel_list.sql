-- expect: 3:5 error PU208 `event_channel` can be 'shop', which is not one of its values.
select
    'shop' as event_channel
from {{ ref('stg_orders') }}
