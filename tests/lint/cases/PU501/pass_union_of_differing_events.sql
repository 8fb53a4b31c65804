select 'Purchase' as event, order_id as event_id, placed_at as event_time from {{ source('market', 'orders') }}
union all
select 'AddToWishlist' as event, order_id as event_id, updated_at as event_time from {{ source('market', 'orders') }}
