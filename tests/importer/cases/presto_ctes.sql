-- Orders with a hash in a CTE, Unix seconds and a window written with date_add.
with people as (
    select
        c.customer_id,
        lower(to_hex(sha256(to_utf8(lower(trim(c.email)))))) as email_hash,
        arbitrary(c.segment) as segment
    from crm.customers c
    group by c.customer_id, c.email
),
recent as (
    select o.*, from_unixtime(o.created_s) as created_at
    from (select order_id, customer_id, order_total, created_s, state from crm.orders) o
    where from_unixtime(o.created_s) >= date_add('day', -14, current_timestamp)
)
select
    'CompletePayment' as event,
    cast(r.order_id as varchar) as event_id,
    to_unixtime(r.created_at) as event_time,
    p.email_hash as email,
    round(r.order_total, 2) as value,
    'EUR' as currency,
    if(p.segment = 'vip', 'vip', 'other') as description
from recent r
join people p on p.customer_id = r.customer_id
where regexp_replace(r.state, '[ _]', '') = 'paidinfull'
-- tables:
create schema crm;
create table crm.customers (customer_id bigint, email varchar, segment varchar);
insert into crm.customers values (1, 'ada@example.com', 'vip'), (2, 'BOB@example.com ', 'new');
create table crm.orders (order_id bigint, customer_id bigint, order_total decimal(10, 2), created_s bigint, state varchar);
insert into crm.orders values
    (501, 1, 99.95, 1795082400, 'paid_in full'),
    (502, 2, 10.00, 1795168800, 'paid_in_full'),
    (503, 2, 11.00, 1795168800, 'open'),
    (504, 1, 12.00, 1793000000, 'paid_in_full');
-- expect:
{"event": "Purchase", "event_id": "501", "event_time": "2026-11-19 10:00:00", "email": "sha256:ada@example.com", "value": "99.95", "currency": "EUR", "description": "vip"}
{"event": "Purchase", "event_id": "502", "event_time": "2026-11-20 10:00:00", "email": "sha256:bob@example.com", "value": "10.00", "currency": "EUR", "description": "other"}
-- changes:
6:9 tie-break ARBITRARY(c.segment) -> min(c.segment)
11:17 time FROM_UNIXTIME(o.created_s) -> to_timestamp(cast(o.created_s as double)) at time zone 'UTC'
13:11 time FROM_UNIXTIME(o.created_s) -> to_timestamp(cast(o.created_s as double)) at time zone 'UTC'
13:11 window FROM_UNIXTIME(o.created_s) >= DATE_ADD('DAY', -14, CURRENT_TIMESTAMP) -> {{ lookback('...', 14) }}
16:5 event 'CompletePayment' -> 'Purchase'
18:5 time TO_UNIXTIME(r.created_at) -> r.created_at
19:5 hash p.email_hash -> {{ hashed_email('c.email') }}
25:7 regexp REGEXP_REPLACE(r.state, '[ _]', '') -> regexp_replace(r.state, '[ _]', '', 'g')
