select
    'CompletePayment' as event,
    o.ORDER_ID::varchar as event_id,
    o.ORDER_ID as order_id,
    convert_timezone('America/New_York', 'UTC', o.PLACED_AT) as event_time,
    sha2(lower(trim(c."Email")), 256) as email,
    iff(o.channel = 'pos', 'in_store', 'other') as event_channel,
    i.sku as content_id,
    i.price as price,
    i.qty as quantity,
    i.price as value,
    upper(o.currency) as currency
from sales.public.orders o
join sales.public.order_items i on i.order_id = o.order_id
left join (
    select customer_id, "Email", updated_at
    from sales.public.customers
    qualify row_number() over (partition by customer_id order by updated_at desc) = 1
) c on c.customer_id = o.customer_id
where o.status in ('paid', 'shipped')
  and o.PLACED_AT >= dateadd(day, -10, current_timestamp())
  and nvl(i.is_gift, false) = false
-- tables:
create schema public;
create table public.orders (order_id bigint, customer_id bigint, placed_at timestamp, channel varchar, currency varchar, status varchar);
insert into public.orders values
    (1, 11, '2026-11-19 05:00:00', 'pos', 'usd', 'paid'),
    (2, 12, '2026-11-18 05:00:00', 'web', 'usd', 'open'),
    (3, null, '2026-11-17 05:00:00', 'web', 'usd', 'shipped');
create table public.order_items (order_id bigint, sku varchar, price decimal(10, 2), qty integer, is_gift boolean);
insert into public.order_items values
    (1, 'a', 10.25, 2, null), (1, 'b', 1.00, 3, false), (1, 'c', 99.00, 1, true), (2, 'a', 10.25, 1, false), (3, 'b', 1.00, 1, false);
create table public.customers (customer_id bigint, "Email" varchar, updated_at timestamp);
insert into public.customers values
    (11, 'old@example.com', '2026-01-01'), (11, 'Ada@example.com', '2026-02-01'), (11, 'nobody@example.com', null);
-- expect:
{"event": "Purchase", "event_id": "1", "event_time": "2026-11-19 10:00:00", "email": "sha256:nobody@example.com", "value": "23.50", "currency": "USD", "contents": [{"content_id": "a", "content_name": null, "content_category": null, "brand": null, "price": "10.25", "quantity": 2}, {"content_id": "b", "content_name": null, "content_category": null, "brand": null, "price": "1.00", "quantity": 3}], "num_items": 5, "order_id": "1", "event_channel": "in_store"}
{"event": "Purchase", "event_id": "3", "event_time": "2026-11-17 10:00:00", "email": null, "value": "1.00", "currency": "USD", "contents": [{"content_id": "b", "content_name": null, "content_category": null, "brand": null, "price": "1.00", "quantity": 1}], "num_items": 1, "order_id": "3", "event_channel": "other"}
-- changes:
2:5 event 'CompletePayment' -> 'Purchase'
3:5 grain CAST(o.ORDER_ID AS VARCHAR) AS event_id -> group by event_id
5:5 time CONVERT_TIMEZONE('America/New_York', 'UTC', o.PLACED_AT) -> {{ utc_from_local('o.PLACED_AT', 'America/New_York') }}
6:5 hash SHA2(LOWER(TRIM(c."Email")), 256) -> {{ hashed_email('"Email"') }}
11:5 value i.price -> i.price * i.qty
14:6 assumed i.order_id = o.order_id -> data_tests: [unique] on order_id
18:13 tie-break ORDER BY updated_at DESC -> ORDER BY updated_at DESC, customers.email
18:66 nulls updated_at DESC -> updated_at desc nulls first
21:7 window o.PLACED_AT >= DATEADD(DAY, -10, CURRENT_TIMESTAMP()) -> {{ lookback('o.PLACED_AT', 10) }}
