with source as (

    select * from {{ source('market', 'order_items') }}

),

renamed as (

    select
        -- ids
        order_id,
        line_no as order_line_number,

        -- numerics
        cast(line_total as decimal(18, 2)) as line_amount,

        -- timestamps
        placed_at::timestamp as ordered_at

    from source

),

aggregated as (

    select
        order_id,
        max(ordered_at) as ordered_at,
        sum(line_amount) as order_amount,
        count(*) as order_line_count
    from renamed
    group by 1

),

final as (

    select
        'Purchase' as event,
        {{ dbt_utils.generate_surrogate_key(['aggregated.order_id']) }} as event_id,
        aggregated.ordered_at as event_time,
        aggregated.order_amount as value,
        'USD' as currency,
        aggregated.order_line_count as num_items
    from aggregated
    where aggregated.ordered_at >= timestamp '2026-11-01 00:00:00'

)

select * from final
