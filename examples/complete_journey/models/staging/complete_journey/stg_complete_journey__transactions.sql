with source as (

    select
        household_id,
        store_id,
        basket_id,
        product_id,
        quantity,
        sales_value,
        transaction_timestamp
    from {{ source('complete_journey', 'transactions') }}

),

final as (

    select
        cast(basket_id as varchar) as basket_id,
        cast(household_id as varchar) as household_id,
        cast(store_id as varchar) as store_id,
        cast(product_id as varchar) as product_id,
        transaction_timestamp as purchased_at,
        cast(quantity as integer) as quantity,
        cast(sales_value as decimal(18, 2)) as sales_value
    from source

)

select * from final
