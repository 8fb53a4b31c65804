-- about: DISTINCT ON picks after the list became rows
select distinct on (order_id)
    'Purchase' as event, order_id as event_id, placed_at as event_time, unnest([1, 2]) as num_items
from {{ source('market', 'order_items') }}
