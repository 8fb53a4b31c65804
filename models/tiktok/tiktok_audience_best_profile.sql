{{
    config(
        materialized='view',
        meta={
            'pusher': {
                'destination': 'tiktok',
                'payload': 'audience',
                'audience_name': 'Northwind customers - Best profile',
            }
        }
    )
}}

with customers as (

    select
        best_email,
        best_phone
    from {{ ref('int_customers__profiled') }}
    where
        best_email is not null
        or best_phone is not null

),

final as (

    select
        best_email as email,
        best_phone as phone
    from customers

)

select * from final
