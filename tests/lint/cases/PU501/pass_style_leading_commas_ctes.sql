with src as (
    select *
    from {{ source('market', 'orders') }}
)
, windowed as (
    select *
    from src as o
    where o.placed_at >= timestamp '2026-11-23 06:00:00' - interval 28 day
)
, renamed as (
    select
          order_id        as event_id
        , placed_at       as event_time
        , total           as value
        , currency
        , digest          as email
    from windowed
)
select 'Purchase' as event, * from renamed
