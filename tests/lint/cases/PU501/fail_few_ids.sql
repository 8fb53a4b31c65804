-- expect: 4:15 error PU501 `event_id` is one of 2 texts in every row. Rows that share an id count once.
select
    'Purchase' as event,
    case when total >= 0 then 'sale' else 'refund' end as event_id
from {{ source('market', 'orders') }}
