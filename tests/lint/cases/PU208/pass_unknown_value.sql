select channel as event from {{ ref('stg_orders') }}
