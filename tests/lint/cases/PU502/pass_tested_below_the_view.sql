select 'Purchase' as event, order_id as event_id, placed_at as event_time, amount as value, 'EUR' as currency from {{ ref('paid') }}
-- file: models/paid.sql
select o.order_id, o.placed_at, p.amount
from {{ source('market', 'orders') }} as o
left join {{ source('market', 'payments') }} as p on p.order_id = o.order_id
-- file: models/_paid.yml
version: 2
models:
  - name: paid
    columns:
      - {name: order_id, data_tests: [unique]}
