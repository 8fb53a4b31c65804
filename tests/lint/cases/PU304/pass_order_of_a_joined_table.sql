-- about: the customer's columns are one for each order
select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, c.phone_digest as phone
from {{ source('market', 'orders') }} o
left join {{ source('market', 'customers') }} c on c.customer_id = o.customer_id
qualify row_number() over (partition by c.phone_digest order by o.placed_at, o.order_id) = 1
