{{
    config(
        materialized='view',
        meta={
            'pusher': {
                'destination': 'tiktok',
                'payload': 'audience',
                'audience_name': 'Northwind customers - Full profile',
            }
        }
    )
}}

with customers as (

    select
        emails,
        phones,
        idfas,
        aaids
    from {{ ref('int_customers__profiled') }}
    where
        emails is not null
        or phones is not null
        or idfas is not null
        or aaids is not null

),

final as (

    select
        emails as email,
        phones as phone,
        idfas as idfa,
        aaids as aaid
    from customers

)

select * from final
