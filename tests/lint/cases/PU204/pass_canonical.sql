select ordered_at as event_time from {{ ref('stg_orders') }}
