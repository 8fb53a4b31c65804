with a(id, happened_at) as (select order_id, placed_at from {{ source('market', 'orders') }})
select 'Purchase' as event, id as event_id, happened_at as event_time from a
