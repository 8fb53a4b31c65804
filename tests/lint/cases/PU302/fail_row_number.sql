-- expect: 2:8 error PU302 `event_id` depends on row_number() without ORDER BY, so a second run counts every conversion again.
select row_number() over (partition by channel) as event_id from {{ ref('stg_orders') }}
