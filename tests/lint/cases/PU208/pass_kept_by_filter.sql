with events as (

    select case when amount > 0 then 'Purchase' when amount < 0 then 'x' else 'internal' end as event
    from {{ ref('stg_orders') }}

)

select e.event from events as e where e.event in ('Purchase', 'Contact') and true
