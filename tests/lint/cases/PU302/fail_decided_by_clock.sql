-- expect: 2:31 error PU302 `event_id` depends on now(), so a second run counts every conversion again.
select case when ordered_at > now() then order_id else 'old' || order_id end as event_id from {{ ref('stg_orders') }}
