-- expect: 2:29 note PU501 Nothing proves that `event_id` is unique.
select 'Purchase' as event, order_id as event_id, placed_at as event_time from {{ source('market', 'orders') }}
union all
select 'Purchase' as event, order_id as event_id, updated_at as event_time from {{ source('market', 'orders') }}
