select id, kind, cast(amount as decimal(9, 2)) as amount, sold_at
from {{ ref('raw_sales') }}
where id <= {{ var('most', 3) }}
