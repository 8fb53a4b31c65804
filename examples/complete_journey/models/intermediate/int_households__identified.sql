{{ config(materialized='table') }}

with identities as (

    select
        household_id,
        email,
        phone
    from {{ ref('stg_complete_journey__synthetic_identities') }}

),

final as (

    select
        household_id,
        {{ hashed_email('email') }} as email,
        {{ hashed_phone('phone') }} as phone
    from identities

)

select * from final
