with
src as (from {{ source('market', 'payments') }}),
dedup as (from src qualify row_number() over (partition by payment_id order by paid_at desc, order_id) = 1),
per_order as (select order_id, max(paid_at) paid_at, sum(amount) amount from dedup group by all)
select 'Purchase' as event, md5(order_id) as event_id, paid_at as event_time, amount as value, 'EUR' as currency
from per_order
where paid_at >= date '2026-11-01'
