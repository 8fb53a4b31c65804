-- expect: models/first_payment.sql:2:9 warning PU304 `row_number()` has no ORDER BY: which row it takes differs from run to run.
select 'Purchase' as event, order_id as event_id, paid_at as event_time, amount as value from {{ ref('first_payment') }}
-- file: models/first_payment.sql
select * from {{ source('market', 'payments') }}
qualify row_number() over (partition by order_id) = 1
