select store as description, web as brand
from (select channel, amount from {{ ref('stg_orders') }})
pivot (sum(amount) for channel in ('store', 'web'))
