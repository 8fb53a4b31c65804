with source as (

    select
        product_id,
        manufacturer_id,
        product_category,
        product_type
    from {{ source('complete_journey', 'products') }}

),

final as (

    select
        cast(product_id as varchar) as product_id,
        cast(manufacturer_id as varchar) as manufacturer_id,
        product_category as category,
        product_type,
        coalesce(product_type, '') = 'GASOLINE-REG UNLEADED' as is_fuel
    from source

)

select * from final
