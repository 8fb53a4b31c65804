-- about: first() over a window, and a list that becomes rows, take no row of a group
select 'Purchase' as event, order_id || '-' || unnest([1, 2]) as event_id, placed_at as event_time,
       any_value(currency) over (partition by order_id) as currency
from {{ source('market', 'orders') }}
