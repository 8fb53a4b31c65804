with orders as (

    select case channel when 'web' then 'website' else 'in_store' end as channel from {{ ref('stg_orders') }}

)

select channel as event_channel from orders where channel <> 'website'
