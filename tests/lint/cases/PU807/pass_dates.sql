select date_diff('day', cast(placed_at as date), updated_at::date) as days
from {{ source('market', 'orders') }}
where updated_at > placed_at + interval '1' hour
