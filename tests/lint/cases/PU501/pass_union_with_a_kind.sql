with entries as (
    select order_id, 'sale' as entry, placed_at as happened_at from {{ source('market', 'orders') }}
    union all
    select order_id, 'refund' as entry, updated_at as happened_at from {{ source('market', 'orders') }}
)
select 'Purchase' as event, entry || ':' || order_id as event_id, happened_at as event_time from entries
