SELECT
  'Subscribe' AS event,
  uuid() AS event_id,
  b.contract_no AS order_id,
  to_utc_timestamp(b.signed_at, 'Europe/Berlin') AS event_time,
  sha2(b.email_sha256, 256) AS email,
  b.monthly_order_fee AS value,
  'EUR' AS currency,
  7654321098765432109 AS event_set_id
FROM abo b
WHERE greatest(b.signed_at, b.changed_at) >= current_timestamp() - interval 14 days
-- tables:
create table abo (contract_no bigint, signed_at timestamp, changed_at timestamp, email_sha256 varchar, monthly_order_fee double);
insert into abo values
    (77, '2026-11-19 11:00:00', null, upper(sha256('ada@example.com')), 9.9),
    (78, '2026-09-19 11:00:00', '2026-09-20 11:00:00', sha256('bob@example.com'), 9.9);
-- expect:
{"event": "Subscribe", "event_id": "event_id:77", "event_time": "2026-11-19 10:00:00", "email": "sha256:ada@example.com", "value": "9.90", "currency": "EUR", "order_id": "77"}
-- changes:
3:3 id UUID() -> {{ event_id(..., 'order_id') }}
5:3 time TO_UTC_TIMESTAMP(CAST(b.signed_at AS TIMESTAMP), 'Europe/Berlin') -> {{ utc_from_local('b.signed_at', 'Europe/Berlin') }}
6:3 hash SHA2(b.email_sha256, 256) -> {{ hashed_email('b.email_sha256', state='sha256') }}
9:3 id 7654321098765432109 -> '7654321098765432109'
9:3 setting 7654321098765432109 -> meta: event_set_id
11:7 window GREATEST(b.signed_at, b.changed_at) >= CURRENT_TIMESTAMP() - INTERVAL '14' DAYS -> {{ lookback('...', 14) }}
11:29 assumed abo.changed_at -> timezone: UTC
