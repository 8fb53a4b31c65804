-- expect: 3:8 warning PU208 `event` can be 'purchase', which is not one of its values.
-- payload: web_events
select 'purchase' as event from {{ ref('stg_orders') }}
