-- expect: 6:10 error PU203 `event_time` is DATE, but must be TIMESTAMP, TIMESTAMPTZ or ISO 8601 text.
-- expect: 7:10 error PU203 `value` is VARCHAR, but must be DECIMAL.
-- expect: 8:10 error PU203 `event_id` is DOUBLE, but must be text or a whole number.
-- expect: 9:21 error PU203 `contents.price` is VARCHAR, but must be DECIMAL.
select
    cast(ordered_at as date) as event_time,
    cast(amount as varchar) as value,
    cast(order_id as double) as event_id,
    [{'content_id': order_id, 'price': channel}] as contents
from {{ ref('stg_orders') }}
