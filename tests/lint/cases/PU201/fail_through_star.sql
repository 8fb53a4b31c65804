-- expect: 19:1 error PU201 Required column `event_time` is missing.
-- expect: 19:1 warning PU201 Column `currency` is missing.
-- expect: 19:1 warning PU201 Column `value` is missing.
with orders as (

    select order_id as event_id, ordered_at from {{ ref('stg_orders') }}

),

final as (

    select
        'Purchase' as event,
        orders.*
    from orders

)

select * from final
