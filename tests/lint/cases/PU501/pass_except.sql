select order_id as event_id, 'Purchase' as event, placed_at as event_time from {{ source('market', 'orders') }}
except
select order_id, 'Purchase', placed_at from {{ source('market', 'orders') }} where total < 0
