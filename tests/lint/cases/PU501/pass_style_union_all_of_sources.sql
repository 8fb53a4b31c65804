with all_events as (
    select 'web' as channel, order_id, placed_at, total from {{ source('market', 'orders') }}
    union all
    select 'store' as channel, order_id, paid_at as placed_at, amount as total
    from (
        select order_id, min(paid_at) as paid_at, sum(amount) as amount
        from {{ source('market', 'payments') }}
        group by order_id
    )
)
select
    'Purchase' as event,
    {{ dbt_utils.generate_surrogate_key(['channel', 'order_id']) }} as event_id,
    placed_at as event_time,
    total as value,
    'EUR' as currency
from all_events
where placed_at >= date '2026-11-01'
