with baskets as (select order_id, min(sold_at) as sold_at, list(sku) as skus from {{ source('market', 'line_items') }} group by all)
select 'Purchase' as event, order_id as event_id, sold_at as event_time, min(sku) as description
from baskets, unnest(skus) as u(sku)
group by order_id, sold_at
