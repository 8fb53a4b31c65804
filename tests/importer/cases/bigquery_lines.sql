SELECT
  'CompletePayment' AS event,
  CAST(t.transaction_id AS STRING) AS event_id,
  UNIX_SECONDS(t.sold_at) AS event_time,
  TO_HEX(SHA256(LOWER(TRIM(u.email)))) AS email,
  IF(t.store_id IS NULL, 'other', 'in_store') AS event_channel,
  t.sku AS content_id,
  t.unit_price AS price,
  t.quantity AS quantity,
  SAFE_DIVIDE(t.line_amount, t.quantity) * t.quantity AS value,
  IFNULL(t.currency, 'EUR') AS currency
FROM `acme.retail.sales` AS t
JOIN `acme.retail.users` AS u USING (user_id)
WHERE t.sold_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 14 DAY)
  AND REGEXP_CONTAINS(t.sku, r'^[a-z]\d+$')
-- tables:
create schema retail;
create table retail.sales (transaction_id bigint, user_id varchar, sold_at timestamp, store_id varchar, sku varchar, unit_price double, quantity bigint, line_amount double, currency varchar);
insert into retail.sales values
    (7, 'u1', '2026-11-19 10:00:00', 's1', 'a1', 2.5, 2, 5.0, null), (7, 'u1', '2026-11-19 10:00:00', 's1', 'b2', 4, 0, 0, null),
    (8, 'u1', '2026-11-19 10:00:00', null, 'X', 4, 1, 4, null), (9, 'u1', '2026-11-18 10:00:00', null, 'c3', 4, 1, 4, 'USD');
create table retail.users (user_id varchar, email varchar);
insert into retail.users values ('u1', 'ada@example.com');
-- expect:
{"event": "Purchase", "event_id": "7", "event_time": "2026-11-19 10:00:00", "email": "sha256:ada@example.com", "value": null, "currency": "EUR", "contents": [{"content_id": "a1", "content_name": null, "content_category": null, "brand": null, "price": "2.50", "quantity": 2}], "num_items": 2, "event_channel": "in_store"}
{"event": "Purchase", "event_id": "9", "event_time": "2026-11-18 10:00:00", "email": "sha256:ada@example.com", "value": "4.00", "currency": "USD", "contents": [{"content_id": "c3", "content_name": null, "content_category": null, "brand": null, "price": "4.00", "quantity": 1}], "num_items": 1, "event_channel": "other"}
-- changes:
2:3 event 'CompletePayment' -> 'Purchase'
3:3 grain CAST(t.transaction_id AS STRING) AS event_id -> group by event_id
4:3 time UNIX_SECONDS(t.sold_at) -> t.sold_at
4:16 assumed sales.sold_at -> timezone: UTC
5:3 hash TO_HEX(SHA256(LOWER(TRIM(u.email)))) -> {{ hashed_email('u.email') }}
13:6 assumed JOIN `acme.retail.users` AS u USING (user_id) -> data_tests: [unique] on user_id
14:7 window t.sold_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL '14' DAY) -> {{ lookback('t.sold_at', 14) }}
