select order_id as event_id, now() as event_time from {{ ref('stg_orders') }}
