with events as (
    select
        {{ dbt_utils.generate_surrogate_key(['order_id', 'line_no']) }} as event_key,
        *
    from {{ source('market', 'order_items') }}
)
select 'Purchase' as event, event_key as event_id, placed_at as event_time from events
