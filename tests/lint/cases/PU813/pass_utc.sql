select cast(placed_at as timestamp) as utc, timestamp '1970-01-01 00:00:00' + length(order_id) * interval '1' second as moment
from {{ source('market', 'orders') }}
