with events as (

    select case when amount > 0 then 'Purchase' else 'internal' end as event from {{ ref('stg_orders') }}

)

select event from events where event <> 'internal'
