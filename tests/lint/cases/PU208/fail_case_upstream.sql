-- expect: models/int_events.sql:7:29 error PU208 `event` can be 'CompleteRegistraton', which is not one of its values.
-- expect: models/int_events.sql:13:33 error PU208 `event` can be 'purchase', which is not one of its values.
select event, order_id as event_id from {{ ref('int_events') }}
-- file: models/int_events.sql
with typed as (

    select
        order_id,
        case channel
            when 'store' then 'Purchase'
            when 'web' then 'CompleteRegistraton'
        end as kind
    from {{ ref('stg_orders') }}

)

select order_id, coalesce(kind, 'purchase') as event from typed
