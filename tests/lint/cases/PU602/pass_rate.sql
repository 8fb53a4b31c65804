select 'Purchase' as event, order_id as event_id, placed_at as event_time, currency,
       cast(total / (1 + rate) as decimal(18, 2)) as value
from {{ source('market', 'orders') }}
cross join (select 0.19 as rate) as taxes
