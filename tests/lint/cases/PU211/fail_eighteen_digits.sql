-- expect: 3:5 error PU211 `event_set_id` is '765432109876543210' (18 characters).
select
    '765432109876543210' as event_set_id
from {{ ref('stg_orders') }}
