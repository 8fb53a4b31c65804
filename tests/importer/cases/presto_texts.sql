select 'Purchase' as event, s.id as event_id, s.sold_at as event_time, s.email, s.total as value, 'EUR' as currency,
    concat_ws('-', s.id, s.b) as description,
    split_part(s.a, '-', 2) as shop_id,
    regexp_extract(s.a, 'x-(\d+)', 1) as order_id
from sales s
-- tables:
create table sales (id varchar, sold_at timestamp, email varchar, total decimal(18, 2), a varchar, b varchar);
insert into sales values
    ('1', '2026-11-19 11:00:00', 'ada@example.com', 9.90, 'x-12.7', 'k'),
    ('2', '2026-11-19 12:00:00', 'bob@example.com', 5.00, 'none', null);
-- expect:
{"event": "Purchase", "event_id": "1", "event_time": "2026-11-19 11:00:00", "email": "sha256:ada@example.com", "value": "9.90", "currency": "EUR", "order_id": "12", "shop_id": "12.7", "description": "1-k"}
{"event": "Purchase", "event_id": "2", "event_time": "2026-11-19 12:00:00", "email": "sha256:bob@example.com", "value": "5.00", "currency": "EUR", "order_id": null, "shop_id": null, "description": "2"}
-- changes:
1:47 assumed sales.sold_at -> timezone: UTC
1:72 identity s.email -> {{ hashed_email('s.email') }}
3:5 nulls SPLIT_PART(s.a, '-', 2) -> array_extract(string_split(s.a, '-'), 2)
4:5 nulls REGEXP_EXTRACT(s.a, 'x-(\d+)', 1) -> case when regexp_matches(s.a, 'x-(\d+)') then regexp_extract(s.a, 'x-(\d+)', 1) end
