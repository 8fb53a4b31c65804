-- expect: 5:5 error PU202 `event_idd` is not a column of offline_events; it is not sent.
-- expect: 6:5 error PU202 `vlaue` is not a column of offline_events; it is not sent.
-- expect: 7:5 error PU202 `event_chanel` is not a column of offline_events; it is not sent.
select
    order_id as event_idd,
    amount as vlaue,
    channel as event_chanel
from {{ ref('stg_orders') }}
