-- about: a text again, and its last digits are made up
-- source id: none
-- expect: 4:23 error PU211 `event_set_id` was DOUBLE on the way, which keeps 15 of its digits.
select cast(cast(cast(order_id as double) as bigint) as varchar) as event_set_id from {{ ref('stg_orders') }}
