select row_number() over (partition by channel order by order_id) as event_id from {{ ref('stg_orders') }}
