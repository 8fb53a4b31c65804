select order_id as event_id from {{ ref('stg_orders') }}
where ordered_at > timestamp '2026-11-01 00:00:00' - interval 7 day
