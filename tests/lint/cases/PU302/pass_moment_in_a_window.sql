select order_id as event_id, cast('{{ run_started_at }}' as timestamp) as event_time from {{ ref('stg_orders') }}
where ordered_at >= cast('{{ run_started_at }}' as timestamp) - interval 28 day
