select
    'CompletePayment' as event,
    md5(o.order_no || ':' || o.shop) as event_id,
    to_timestamp_ntz(o.paid) as event_time,
    case when o.consent = 'Y' then sha2(o.mail) else '' end as email,
    sum(o.amount) over (partition by o.order_no, o.shop) as value,
    o.sku as content_id,
    'AUD' as currency
from raw.payments o
where to_timestamp_ntz(o.paid) >= dateadd('week', -2, current_timestamp())
-- tables:
create schema raw;
create table raw.payments (order_no varchar, shop varchar, paid varchar, consent varchar, mail varchar, amount double, sku varchar);
insert into raw.payments values
    ('1', 'x', '2026-11-19 10:00:00', 'Y', 'ada@example.com', 5.05, 'a'), ('1', 'x', '2026-11-19 10:00:00', 'Y', 'ada@example.com', 1, 'b'),
    ('2', 'x', '2026-11-18 10:00:00', 'N', 'bob@example.com', 1, 'b');
-- expect:
{"event": "Purchase", "event_id": "md5:1:x", "event_time": "2026-11-19 10:00:00", "email": "sha256:ada@example.com", "value": "6.05", "currency": "AUD", "contents": [{"content_id": "a", "content_name": null, "content_category": null, "brand": null, "price": null, "quantity": null}, {"content_id": "b", "content_name": null, "content_category": null, "brand": null, "price": null, "quantity": null}]}
{"event": "Purchase", "event_id": "md5:2:x", "event_time": "2026-11-18 10:00:00", "email": null, "value": "1.00", "currency": "AUD", "contents": [{"content_id": "b", "content_name": null, "content_category": null, "brand": null, "price": null, "quantity": null}]}
-- changes:
2:5 event 'CompletePayment' -> 'Purchase'
3:5 grain MD5(o.order_no || ':' || o.shop) AS event_id -> group by event_id
4:5 assumed TO_TIMESTAMP_NTZ(o.paid) -> cast(... as timestamp)
5:5 hash CASE WHEN o.consent = 'Y' THEN SHA2(o.mail) ELSE '' END -> {{ hashed_email('o.mail') }}
10:7 assumed TO_TIMESTAMP_NTZ(o.paid) -> cast(... as timestamp)
10:7 window TO_TIMESTAMP_NTZ(o.paid) >= DATEADD(WEEK, -2, CURRENT_TIMESTAMP()) -> {{ lookback('...', 14) }}
