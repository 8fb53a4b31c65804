select regexp_replace(order_number, '[A-Za-z]', '', 'g') as digits, regexp_extract(order_number, '([0-9]+)', 1) as part
from {{ source('market', 'orders') }}
where regexp_matches(order_number, '^[A-Z]')
