-- expect: models/up.sql:2:3 note PU204 `timestamp` is accepted as an alias of `event_time`.
-- expect: models/up.sql:3:3 note PU204 `emails` is accepted as an alias of `email`.
select * from {{ ref('up') }}
-- file: models/up.sql
select 'Purchase' as event, order_id as event_id,
  ordered_at as timestamp,
  sha256(lower(trim(c.email))) as emails, amount::double as value, 'EUR' as curency
from {{ ref('stg_orders') }} o
join {{ ref('stg_customers') }} c on c.id = o.customer_id
