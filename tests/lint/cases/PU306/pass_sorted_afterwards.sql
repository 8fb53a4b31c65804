select 'Purchase' as event, order_id as event_id, min(sold_at) as event_time,
       list_sort(list_distinct(list(digest))) as email,
       array_to_string(list_reverse_sort(list(distinct sku)), ', ') as description
from {{ source('market', 'line_items') }}
group by order_id
