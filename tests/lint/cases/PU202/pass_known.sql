select order_id, amount as value, currency from {{ ref('stg_orders') }}
