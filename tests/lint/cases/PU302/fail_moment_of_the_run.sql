-- expect: 2:32 error PU302 `event_id` depends on the moment of the run, so a second run counts every conversion again.
select order_id || '-' || cast('{{ run_started_at }}' as varchar) as event_id from {{ ref('stg_orders') }}
