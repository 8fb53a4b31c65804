{{ config(
    materialized='view',
    meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}
) }}

with baskets as (

    select
        basket_id,
        household_id,
        store_id,
        purchased_at,
        basket_value,
        num_items,
        contents
    from {{ ref('int_baskets__rolled_up') }}
    where {{ lookback('purchased_at') }}

),

households as (

    select
        household_id,
        email,
        phone
    from {{ ref('int_households__identified') }}

),

final as (

    select
        'Purchase' as event,
        {{ event_id('Purchase', 'baskets.basket_id') | indent(8) }} as event_id,
        baskets.purchased_at as event_time,
        {#- noqa: PU405 because the address is made up from the household's number #}
        households.email,
        {#- noqa: PU405 because the phone number is made up from it, too #}
        households.phone,
        baskets.basket_value as value,
        'USD' as currency,
        baskets.contents,
        'product' as content_type,
        baskets.num_items,
        baskets.basket_id as order_id,
        baskets.store_id as shop_id,
        'in_store' as event_channel
    from baskets
    left join households on baskets.household_id = households.household_id

)

select * from final
