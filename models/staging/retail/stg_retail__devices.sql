with customers as (

    select
        customer_id,
        idfa,
        aaid
    from {{ ref('stg_retail__customers') }}
    where {{ consented('has_consent') }}

),

final as (

    select customer_id, 'idfa' as kind, idfa as device_id
    from customers
    where idfa is not null

    union all

    select customer_id, 'aaid' as kind, aaid as device_id
    from customers
    where aaid is not null

)

select * from final
