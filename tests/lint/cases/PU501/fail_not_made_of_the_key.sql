-- expect: 2:29 note PU501 A row is one `order_id` of market.orders, and `event_id` is not made of it.
select 'Purchase' as event, customer_id as event_id, placed_at as event_time, digest as email
from {{ source('market', 'orders') }}
