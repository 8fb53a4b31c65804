-- expect: models/up.sql:2:3 error PU203 `event_time` is DATE, but must be TIMESTAMP, TIMESTAMPTZ or ISO 8601 text.
-- expect: models/up.sql:3:4 error PU203 `value` is INTEGER[], but must be DECIMAL.
select * from {{ ref('up') }}
-- file: models/up.sql
select 'Purchase' as event, order_id as event_id,
  date_trunc('day', ordered_at)::date as event_time,
  [1] as value, sha256(lower(trim(c.email))) as email
from {{ ref('stg_orders') }} o
join {{ ref('stg_customers') }} c on c.id = o.customer_id
