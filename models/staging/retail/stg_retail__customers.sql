with source as (

    select
        customer_id,
        email,
        loyalty_email,
        phone,
        mobile,
        country,
        marketing_consent,
        created_at,
        idfa,
        aaid
    from {{ source('retail', 'customers') }}

),

final as (

    select distinct
        nullif(trim(customer_id), '') as customer_id,
        email,
        loyalty_email,
        phone,
        mobile,
        upper(trim(country)) as country,
        coalesce(lower(trim(marketing_consent)), '') in ('yes', 'true', '1') as has_consent,
        {{ utc_timestamp('created_at', zoneless_is_utc=true) }} as created_at,
        idfa,
        aaid
    from source

)

select * from final
