with ids as (
    select order_id from {{ source('market', 'line_items') }}
    union
    select order_id from {{ source('market', 'payments') }}
)
select 'Purchase' as event, order_id as event_id, placed_at as event_time
from ids
inner join {{ source('market', 'orders') }} using (order_id)
