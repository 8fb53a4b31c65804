SELECT
  CASE WHEN s.kind = 'visit' THEN 'ViewContent' ELSE 'CompletePayment' END AS event,
  concat(s.region, '-', s.receipt) AS event_id,
  from_unixtime(s.ts) AS event_time,
  sha2(lower(trim(k.email_address)), 256) AS email,
  s.article AS content_id,
  s.price,
  s.pieces AS quantity,
  s.line_value / s.pieces AS value,
  nvl(s.currency, 'EUR') AS currency,
  s.brand
FROM pos.sales s
LEFT JOIN pos.people k ON s.card = k.card
WHERE s.ts IS NOT NULL AND to_date(s.booked) >= date_sub(current_date(), 7)
-- tables:
create schema pos;
create table pos.sales (kind varchar, region varchar, receipt bigint, ts bigint, booked date, card varchar, article varchar, price double, pieces integer, line_value double, currency varchar, brand varchar);
insert into pos.sales values
    ('sale', 'n', 1, 1795082400, '2026-11-19', 'k1', 'x', 3, 2, 6, null, 'Acme'),
    ('sale', 'n', 1, 1795082400, '2026-11-19', 'k1', 'y', 1.5, 0, 0.00, null, 'Acme'),
    ('visit', 'n', 1, 1795082400, '2026-11-19', 'k1', 'x', 3, 1, 3, null, 'Acme'),
    ('sale', null, 2, 1795082400, '2026-11-19', 'k1', 'x', 3, 1, 3, null, 'Acme'),
    ('sale', 's', 3, 1795082400, '2026-11-10', 'k1', 'x', 3, 1, 3, null, 'Acme');
create table pos.people (card varchar, email_address varchar);
insert into pos.people values ('k1', 'ada@example.com');
-- expect:
{"event": "Purchase", "event_id": "n-1", "event_time": "2026-11-19 10:00:00", "email": "sha256:ada@example.com", "value": "6.00", "currency": "EUR", "contents": [{"content_id": "x", "content_name": null, "content_category": null, "brand": "Acme", "price": "3.00", "quantity": 2}], "num_items": 2}
{"event": "ViewContent", "event_id": "n-1", "event_time": "2026-11-19 10:00:00", "email": "sha256:ada@example.com", "value": "3.00", "currency": "EUR", "contents": [{"content_id": "x", "content_name": null, "content_category": null, "brand": "Acme", "price": "3.00", "quantity": 1}], "num_items": 1}
-- changes:
2:54 event 'CompletePayment' -> 'Purchase'
3:3 grain CONCAT(s.region, '-', s.receipt) AS event_id -> group by event_id
3:3 nulls CONCAT(s.region, '-', s.receipt) -> cast(s.region as varchar) || '-' || cast(s.receipt as varchar)
4:3 time FROM_UNIXTIME(s.ts) -> to_timestamp(cast(s.ts as double)) at time zone 'UTC'
5:3 hash SHA2(LOWER(TRIM(k.email_address)), 256) -> {{ hashed_email('k.email_address') }}
9:3 value s.line_value / s.pieces -> s.line_value
13:11 assumed s.card = k.card -> data_tests: [unique] on card
14:28 window TO_DATE(s.booked) >= DATE_ADD(CURRENT_DATE, 7 * -1) -> {{ lookback('...', 7) }}
14:36 assumed sales.booked -> timezone: UTC
