-- expect: 5:9 error PU202 `curency` is not a column of offline_events; it is not sent.
with final as (

    select
        amount as curency,
        currency
    from {{ ref('stg_orders') }}

)

select * from final
