WITH visits AS (
  SELECT session_id, order_id, TIMESTAMP_MILLIS(hit_ms) AS hit_at, page_url, ttclid, ip, agent, email, amount
  FROM web.hits
)
SELECT
  'PlaceAnOrder' AS event,
  v.order_id AS event_id,
  FORMAT_TIMESTAMP('%FT%TZ', v.hit_at) AS timestamp,
  TO_HEX(SHA256(v.email)) AS emails,
  v.page_url,
  v.ttclid AS tiktok_click_id,
  v.ip,
  v.agent,
  SAFE_CAST(v.amount AS NUMERIC) AS value,
  'USD' AS currency,
  'C4A1B2C3D4E5F6G7H8I9' AS pixel_code
FROM visits v
WHERE v.hit_at > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)
  AND EXTRACT(DAYOFWEEK FROM v.hit_at) IN (1, 6, 7)
-- tables:
create schema web;
create table web.hits (session_id varchar, order_id varchar, hit_ms bigint, page_url varchar, ttclid varchar, ip varchar, agent varchar, email varchar, amount varchar);
insert into web.hits values
    ('s1', 'w1', 1795168800500, 'https://shop.example.com/thanks', 'E.C.P.click', '203.0.113.9', 'Mozilla/5.0', 'ada@example.com', '15.25'),
    ('s2', 'w2', 1795168800000, 'https://shop.example.com/thanks', null, '203.0.113.9', 'Mozilla/5.0', 'ada@example.com', 'free'),
    ('s3', 'w3', 1795000000000, 'https://shop.example.com/thanks', null, '203.0.113.9', 'Mozilla/5.0', 'ada@example.com', '1');
-- expect:
{"event": "PlaceAnOrder", "event_id": "w1", "event_time": "2026-11-20 10:00:00.500000", "email": "sha256:ada@example.com", "ttclid": "E.C.P.click", "ip": "203.0.113.9", "user_agent": "Mozilla/5.0", "value": "15.25", "currency": "USD", "page_url": "https://shop.example.com/thanks"}
{"event": "PlaceAnOrder", "event_id": "w2", "event_time": "2026-11-20 10:00:00", "email": "sha256:ada@example.com", "ttclid": null, "ip": "203.0.113.9", "user_agent": "Mozilla/5.0", "value": null, "currency": "USD", "page_url": "https://shop.example.com/thanks"}
-- lint:
PU209 'PlaceAnOrder' is accepted only until 2027. Removed from the documentation in 2025, still accepted until its sunset in 2027.
-- changes:
2:32 time TIMESTAMP_MILLIS(hit_ms) -> to_timestamp(cast(hit_ms as double) / 1000) at time zone 'UTC'
8:3 name timestamp -> event_time
8:3 time FORMAT_TIMESTAMP('%FT%TZ', v.hit_at) -> TIMESTAMP(v.hit_at)
9:3 hash TO_HEX(SHA256(v.email)) -> {{ hashed_email('email') }}
9:3 name emails -> email
11:3 name tiktok_click_id -> ttclid
13:3 name agent -> user_agent
16:3 setting 'C4A1B2C3D4E5F6G7H8I9' -> meta: pixel_code
18:7 window v.hit_at > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL '1' DAY) -> {{ lookback('v.hit_at', 1) }}
19:30 time EXTRACT(DAYOFWEEK FROM v.hit_at) -> dayofweek(...) + 1
