SELECT
  TO_HEX(SHA256(LOWER(TRIM(email)))) AS email,
  TO_HEX(SHA256(phone)) AS phone
FROM `acme.mart.members`
WHERE DATE(joined_at) >= DATE_TRUNC(CURRENT_DATE(), WEEK)
  AND NOT STARTS_WITH(email, 'test')
-- tables:
create schema mart;
create table mart.members (email varchar, phone varchar, joined_at timestamp);
insert into mart.members values
    ('Ada@example.com', '+1 213 373 4253', '2026-11-15 00:00:00'), ('bob@example.com', null, '2026-11-14 23:00:00'),
    ('test@example.com', null, '2026-11-16 00:00:00');
-- expect:
{"email": "sha256:ada@example.com", "phone": "sha256:+12133734253"}
-- changes:
2:3 hash TO_HEX(SHA256(LOWER(TRIM(email)))) -> {{ hashed_email('email', profile=audience_profile()) }}
3:3 hash TO_HEX(SHA256(phone)) -> {{ hashed_phone('phone') }}
5:12 assumed members.joined_at -> timezone: UTC
5:26 time DATE_TRUNC(CAST(pusher_as_of() AS DATE), WEEK) -> cast(date_trunc('WEEK', cast({{ as_of() }} as date) + interval '1' day) + interval '-1' day as date)
5:37 clock CURRENT_DATE -> cast({{ as_of() }} as date)
