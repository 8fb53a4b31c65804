-- about: a number again, and a text
-- expect: 4:25 warning PU215 `event_id` was DOUBLE on the way: long ids lose their last digits.
-- expect: 5:15 warning PU215 `order_id` was REAL on the way: long ids lose their last digits.
select sha256(cast(cast(order_id as double) as bigint)::varchar || ':purchase') as event_id,
    cast(cast(order_id as float) as varchar) as order_id
from {{ ref('stg_orders') }}
