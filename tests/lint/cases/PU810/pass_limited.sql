select case when regexp_matches(order_number, '^[0-9]{1,9}') then cast(order_number as integer) end as number
from {{ source('market', 'orders') }}
