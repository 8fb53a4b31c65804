{{ config(materialized='table', meta={'pusher': {'shard_by': 'basket_id'}}) }}

with transactions as (

    select
        basket_id,
        household_id,
        store_id,
        product_id,
        purchased_at,
        quantity,
        sales_value
    from {{ ref('stg_complete_journey__transactions') }}

),

products as (

    select
        product_id,
        manufacturer_id,
        category,
        product_type,
        is_fuel
    from {{ ref('stg_complete_journey__products') }}

),

lines as (

    {#- Fuel has no price per unit in cents: a fill is one item at what it cost. #}
    select
        transactions.basket_id,
        transactions.household_id,
        transactions.store_id,
        transactions.product_id,
        transactions.purchased_at,
        transactions.sales_value,
        case
            when coalesce(products.is_fuel, false) and transactions.quantity > 0 then 1
            else transactions.quantity
        end as quantity,
        products.product_type,
        products.category,
        products.manufacturer_id
    from transactions
    left join products on transactions.product_id = products.product_id

),

final as (

    {#- Columns of the basket repeat on its lines, so min() picks the one value that there is.
        What a line of quantity 0 brought in is no item, but counts in the basket's value. #}
    select
        basket_id,
        min(household_id) as household_id,
        min(store_id) as store_id,
        min(purchased_at) as purchased_at,
        case
            when count(*) = count(sales_value) then cast(sum(sales_value) as decimal(18, 2))
        end as basket_value,
        case when count(*) = count(quantity) then cast(sum(quantity) as integer) end as num_items,
        {{ contents(
            line_no='product_id',
            content_id='product_id',
            content_name='product_type',
            content_category='category',
            brand='manufacturer_id',
            price='cast(cast(sales_value as double) / nullif(quantity, 0) as decimal(18, 2))',
            quantity='quantity'
        ) | indent(8) }} as contents
    from lines
    group by basket_id

)

select * from final
