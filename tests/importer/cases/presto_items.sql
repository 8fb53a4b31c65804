SELECT
  'Northwind Outfitters' AS brand
  ,li.category AS content_category
  ,li.sku AS content_id
  ,li.title AS content_name
  ,'product' AS content_type
  ,'USD' AS currency
  ,TO_HEX(SHA256(TO_UTF8(LOWER(TRIM(bp.email))))) AS emails
  ,'CompletePayment' AS event
  ,'website' AS event_channel
  ,CAST(li.order_number AS VARCHAR) AS event_id
  ,'7654321098765432109' AS event_set_id
  ,li.order_number AS order_id
  ,CONCAT('+1', '', REGEXP_REPLACE(bp.phone, '[$\D\s]', '')) AS phone
  ,li.unit_price AS price
  ,li.units AS quantity
  ,li.store AS shop_id
  ,li.ordered_at AS timestamp
  ,CAST(li.line_revenue / li.units AS DOUBLE) AS value
FROM line_items li
LEFT JOIN best_profiles bp ON li.person_id = bp.person_id
WHERE li.ordered_at > (CURRENT_DATE - INTERVAL '7' DAY)
-- tables:
create table line_items (order_number bigint, sku varchar, title varchar, category varchar, unit_price double, units integer, store varchar, ordered_at timestamp, line_revenue double, person_id varchar);
insert into line_items values
    (1001, 'sku-1', 'Tent', 'Camping', 120.10, 1, 'store-7', '2026-11-19 10:00:00', 120.10, 'p1'),
    (1001, 'sku-2', 'Peg', 'Camping', 0.35, 10, 'store-7', '2026-11-19 10:00:00', 3.50, 'p1'),
    (1002, 'sku-1', 'Tent', 'Camping', 120.10, 2, 'store-8', '2026-11-18 09:30:00', 240.20, 'p2'),
    (1003, 'sku-3', 'Rope', 'Climbing', 20.00, 1, 'store-8', '2026-11-17 09:30:00', 20.00, 'p9'),
    (1004, 'sku-3', 'Rope', 'Climbing', 20.00, 1, 'store-8', '2026-10-01 09:30:00', 20.00, 'p1');
create table best_profiles (person_id varchar, email varchar, phone varchar);
insert into best_profiles values
    ('p1', ' Ada@Example.com ', '(213) 373-4253'),
    ('p2', null, '+1 213 373 4254');
-- expect:
{"event": "Purchase", "event_id": "1001", "event_time": "2026-11-19 10:00:00", "email": "sha256:ada@example.com", "phone": "sha256:+12133734253", "value": "123.60", "currency": "USD", "contents": [{"content_id": "sku-1", "content_name": "Tent", "content_category": "Camping", "brand": null, "price": "120.10", "quantity": 1}, {"content_id": "sku-2", "content_name": "Peg", "content_category": "Camping", "brand": null, "price": "0.35", "quantity": 10}], "content_type": "product", "num_items": 11, "order_id": "1001", "shop_id": "store-7", "event_channel": "website", "brand": "Northwind Outfitters"}
{"event": "Purchase", "event_id": "1002", "event_time": "2026-11-18 09:30:00", "email": null, "phone": "sha256:+12133734254", "value": "240.20", "currency": "USD", "contents": [{"content_id": "sku-1", "content_name": "Tent", "content_category": "Camping", "brand": null, "price": "120.10", "quantity": 2}], "content_type": "product", "num_items": 2, "order_id": "1002", "shop_id": "store-8", "event_channel": "website", "brand": "Northwind Outfitters"}
{"event": "Purchase", "event_id": "1003", "event_time": "2026-11-17 09:30:00", "email": null, "phone": null, "value": "20.00", "currency": "USD", "contents": [{"content_id": "sku-3", "content_name": "Rope", "content_category": "Climbing", "brand": null, "price": "20.00", "quantity": 1}], "content_type": "product", "num_items": 1, "order_id": "1003", "shop_id": "store-8", "event_channel": "website", "brand": "Northwind Outfitters"}
-- lint:
PU213 Web orders in an offline event set count twice when the pixel reports them too.
-- changes:
8:4 hash TO_HEX(SHA256(TO_UTF8(LOWER(TRIM(bp.email))))) -> {{ hashed_email('bp.email') }}
8:4 name emails -> email
9:4 event 'CompletePayment' -> 'Purchase'
11:4 grain CAST(li.order_number AS VARCHAR) AS event_id -> group by event_id
12:4 setting '7654321098765432109' -> meta: event_set_id
14:4 identity CONCAT('+1', '', REGEXP_REPLACE(bp.phone, '[$\D\s]', '')) -> {{ hashed_phone('bp.phone', "'US'") }}
18:4 assumed line_items.ordered_at -> timezone: UTC
18:4 name timestamp -> event_time
19:4 money CAST(li.line_revenue AS DOUBLE) -> decimal(18, 2)
19:4 value li.line_revenue / li.units -> li.line_revenue
21:11 assumed li.person_id = bp.person_id -> data_tests: [unique] on person_id
22:7 window li.ordered_at > (CURRENT_DATE - INTERVAL '7' DAY) -> {{ lookback('li.ordered_at', 7) }}
