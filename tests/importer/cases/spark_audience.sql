SELECT
  sha2(lower(trim(p.mail)), 256) AS email,
  sha2(upper(p.adid), 256) AS gaid,
  'loyalty' AS program
FROM loyalty.people p
LEFT ANTI JOIN loyalty.blocked b ON p.mail = b.mail
WHERE dayofweek(p.last_visit) IN (1, 7) AND p.points / 10 >= 1.5
  AND p.last_visit >= date_sub(current_date(), 90)
-- tables:
create schema loyalty;
create table loyalty.people (mail varchar, adid varchar, last_visit timestamp, points integer);
insert into loyalty.people values
    (' Ada@example.com', '38400000-8CF0-11BD-B23E-10B96E40000D', '2026-11-15 00:00:00', 15),
    ('bob@example.com', null, '2026-11-16 00:00:00', 15), ('cy@example.com', null, '2026-11-14 00:00:00', 14),
    ('di@example.com', null, '2026-11-14 00:00:00', 99);
create table loyalty.blocked (mail varchar);
insert into loyalty.blocked values ('di@example.com');
-- expect:
{"email": "sha256:ada@example.com", "aaid": "sha256:38400000-8cf0-11bd-b23e-10b96e40000d"}
-- changes:
2:3 hash SHA2(LOWER(TRIM(p.mail)), 256) -> {{ hashed_email('p.mail', profile=audience_profile()) }}
3:3 hash SHA2(UPPER(p.adid), 256) -> {{ hashed_gaid('p.adid', profile=audience_profile()) }}
3:3 name gaid -> aaid
4:3 left-out 'loyalty' AS program ->
7:7 time DAYOFWEEK(p.last_visit) -> dayofweek(...) + 1
7:17 assumed people.last_visit -> timezone: UTC
8:7 window p.last_visit >= DATE_ADD(CURRENT_DATE, 90 * -1) -> {{ lookback('p.last_visit', 90) }}
