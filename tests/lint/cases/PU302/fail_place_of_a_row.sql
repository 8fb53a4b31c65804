-- expect: models/int_numbered.sql:1:8 warning PU302 `event_id` is made of row_number() over all rows, which moves when others come or go.
-- expect: 3:15 warning PU302 `event_id` is made of dense_rank() over all rows, which moves when others come or go.
select sha256(dense_rank() over (order by order_id) || '-' || number) as event_id from {{ ref('int_numbered') }}
-- file: models/int_numbered.sql
select row_number() over (order by ordered_at, order_id) as number, order_id from {{ ref('stg_orders') }}
