select 'Purchase' as event, s.id as event_id, s.sold_at as event_time, s.email, s.total as value, 'EUR' as currency,
    concat_ws('-', s.id, s.b) as description,
    substring(s.a, 0, 4) as shop_id,
    cast(cast(split_part(s.a, '-', 2) as int) as string) as order_id
from sales s
where s.email not like 'a\\_%'
-- tables:
create table sales (id varchar, sold_at timestamp, email varchar, total decimal(18, 2), a varchar, b varchar);
insert into sales values
    ('1', '2026-11-19 11:00:00', 'ada@example.com', 9.90, 'x-12.7', 'k'),
    ('2', '2026-11-19 12:00:00', 'bob@example.com', 5.00, 'none', null);
-- expect:
{"event": "Purchase", "event_id": "1", "event_time": "2026-11-19 11:00:00", "email": "sha256:ada@example.com", "value": "9.90", "currency": "EUR", "order_id": "12", "shop_id": "x-12", "description": "1-k"}
{"event": "Purchase", "event_id": "2", "event_time": "2026-11-19 12:00:00", "email": "sha256:bob@example.com", "value": "5.00", "currency": "EUR", "order_id": null, "shop_id": "none", "description": "2"}
-- changes:
1:47 assumed sales.sold_at -> timezone: UTC
1:72 identity s.email -> {{ hashed_email('s.email') }}
3:14 text SUBSTRING(s.a, 0, 4) -> substring(s.a, 1, 4)
4:10 type CAST(SPLIT_PART(s.a, '-', 2) AS INT) -> try_cast(trunc(try_cast(split_part(s.a, '-', 2) as decimal(38, 9))) as int)
6:7 text s.email NOT LIKE 'a\\_%' -> s.email not like 'a\_%' escape '\'
