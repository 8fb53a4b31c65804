select md5(order_id) as event_id from {{ ref('stg_orders') }}
