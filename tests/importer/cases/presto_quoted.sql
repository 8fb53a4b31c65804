SELECT
    event AS 'CompletePayment',
    t.ticket AS order_id,
    'mc.email' AS email,
    md5(to_utf8(mc.phone)) AS phone_numbers,
    t.closed_at AS timestamp,
    t.order_amount AS value,
    'usd' AS mood,
    'USD' AS currency
FROM till t
LEFT JOIN members mc ON t.member_no = mc.member_no
WHERE t.closed_at >= date_add('day', -28, current_timestamp) AND date_diff('hour', t.opened_at, t.closed_at) < 1
-- tables:
create table till (ticket bigint, member_no bigint, opened_at timestamp, closed_at timestamp, order_amount double);
insert into till values
    (9, 1, '2026-11-19 09:10:00', '2026-11-19 10:00:00', 12.34),
    (10, 1, '2026-11-19 09:59:00', '2026-11-19 11:00:00', 1);
create table members (member_no bigint, email varchar, phone varchar);
insert into members values (1, 'Ada@example.com', '213-373-4253');
-- expect:
{"event": "Purchase", "event_id": "event_id:9", "event_time": "2026-11-19 10:00:00", "email": "sha256:ada@example.com", "phone": "sha256:+12133734253", "value": "12.34", "currency": "USD", "order_id": "9"}
-- changes:
2:5 alias event AS "CompletePayment" -> 'CompletePayment' as event
2:14 event 'CompletePayment' -> 'Purchase'
3:5 id  -> {{ event_id(..., 'order_id') }} as event_id
4:5 identity 'mc.email' -> {{ hashed_email('mc.email') }}
4:5 quoted 'mc.email' -> mc.email
5:5 hash MD5(TO_UTF8(mc.phone)) -> {{ hashed_phone('mc.phone') }}
5:5 name phone_numbers -> phone
6:5 assumed till.closed_at -> timezone: UTC
6:5 name timestamp -> event_time
8:5 left-out 'usd' AS mood ->
11:11 assumed t.member_no = mc.member_no -> data_tests: [unique] on member_no
12:7 window t.closed_at >= DATE_ADD('DAY', -28, CURRENT_TIMESTAMP) -> {{ lookback('t.closed_at', 28) }}
12:66 time DATE_DIFF('HOUR', t.opened_at, t.closed_at) -> date_sub('hour', ...)
12:84 assumed till.opened_at -> timezone: UTC
