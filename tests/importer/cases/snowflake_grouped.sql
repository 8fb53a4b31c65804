with base as (
    select order_id, customer_email, net_amount, ordered_at, div0(discount, net_amount) as rate
    from erp.lines
    where ordered_at > current_date - 7
)
select
    'Purchase' as event,
    concat('SO-', order_id) as event_id,
    max(ordered_at) as event_time,
    sha2(lower(customer_email)) as email,
    sum(net_amount)::float as value,
    'GBP' as currency,
    count(distinct order_id) as orders_seen
from base
group by 1, 2, order_id, email
having sum(net_amount) > 0
order by 1
-- tables:
create schema erp;
create table erp.lines (order_id varchar, customer_email varchar, net_amount double, discount double, ordered_at timestamp);
insert into erp.lines values
    ('A', 'Ada@example.com', 10.10, 0, '2026-11-19 10:00:00'), ('A', 'Ada@example.com', 0.20, 0, '2026-11-19 10:05:00'),
    ('B', 'bob@example.com', 5, 0, '2026-11-18 10:00:00'), ('B', 'bob@example.com', -5, 0, '2026-11-18 10:00:00');
-- expect:
{"event": "Purchase", "event_id": "SO-A", "event_time": "2026-11-19 10:05:00", "email": "sha256:ada@example.com", "value": "10.30", "currency": "GBP"}
-- changes:
2:50 assumed lines.ordered_at -> timezone: UTC
2:66 division discount / net_amount -> discount / nullif(net_amount, 0)
4:11 window ordered_at > CURRENT_DATE - 7 -> {{ lookback('ordered_at', 7) }}
8:5 nulls CONCAT('SO-', order_id) -> 'SO-' || cast(order_id as varchar)
10:5 hash SHA2(LOWER(customer_email)) -> {{ hashed_email('customer_email') }}
11:5 money CAST(SUM(net_amount) AS DOUBLE) -> decimal(18, 2)
13:5 left-out COUNT(DISTINCT order_id) AS orders_seen ->
17:10 left-out ORDER BY 1 ->
