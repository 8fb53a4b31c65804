select ordered_at as event_time, amount as value, order_id as event_id from {{ ref('stg_orders') }}
