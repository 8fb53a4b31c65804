with tickets as (
    select
        t.no, t.mail, t.opened, t.tags, t.tip,
        row_number() over (partition by t.no order by t.opened) as nth,
        array_agg(t.tags) as labels,
        greatest(t.tip, t.tip_late) as most,
        date_trunc('week', t.opened) as week,
        day_of_week(t.opened) as weekday,
        extract(year from t.opened) as year,
        from_iso8601_timestamp(t.closed_text) as closed_at,
        cast(t.opened as timestamp with time zone) as opened_tz,
        cast(t.tip as decimal) as whole_tip,
        lower(to_hex(md5(to_utf8(t.no)))) as digest
    from desk t
    group by t.no, t.mail, t.opened, t.tags, t.tip, t.tip_late, t.closed_text
)
select
    'Contact' as event,
    concat('T', k.no) as event_id,
    date_format(k.closed_at at time zone 'Europe/Berlin', '%Y-%m-%dT%H:%i:%sZ') as event_time,
    if(k.weekday < 6, to_hex(sha256(to_utf8(k.mail)))) as email,
    cast(k.whole_tip as double) as value,
    'EUR' as currency,
    k.digest || '/' || cast(k.most as varchar) || '/' || cast(k.year as varchar) as description,
    k.tags as query
from tickets k
where k.nth = 1 and k.opened_tz > current_date - interval '3' day and k.week < k.opened_tz
-- tables:
create table desk (no varchar, mail varchar, opened timestamp, closed_text varchar, tags varchar, tip double, tip_late double);
insert into desk values
    ('1', 'ada@example.com', '2026-11-19 09:00:00', '2026-11-19T12:00:00+02:00', 'a', 2.4, 3.5),
    ('1', 'ada@example.com', '2026-11-19 09:00:00', '2026-11-19T12:00:00+02:00', 'b', 2.4, 3.5),
    ('2', 'bob@example.com', '2026-11-18 09:00:00', '2026-11-18T12:00:00Z', 'c', 1, null),
    ('3', 'cy@example.com', '2026-11-15 09:00:00', '2026-11-15T12:00:00Z', 'c', 1, null);
-- expect:
{"event": "Contact", "event_id": "T1", "event_time": "2026-11-19 10:00:00", "email": "sha256:ada@example.com", "value": "2.00", "currency": "EUR", "query": "a", "description": "c4ca4238a0b923820dcc509a6f75849b/3.5/2026"}
{"event": "Contact", "event_id": "T2", "event_time": "2026-11-18 12:00:00", "email": "sha256:bob@example.com", "value": "1.00", "currency": "EUR", "query": "c", "description": null}
-- changes:
3:23 assumed desk.opened -> timezone: UTC
4:9 tie-break ORDER BY t.opened -> ORDER BY t.opened, t.closed_text, t.mail, t.tags, t.tip, t.tip_late
5:9 order ARRAY_AGG(t.tags) -> list_sort(list(t.tags) filter (where t.tags is not null))
6:9 nulls GREATEST(t.tip, t.tip_late) -> case when t.tip is null or t.tip_late is null then null else greatest(t.tip, t.tip_late) end
7:9 time DATE_TRUNC('WEEK', t.opened) -> date_trunc('WEEK', t.opened)
10:9 time FROM_ISO8601_TIMESTAMP(t.closed_text) -> {{ utc_timestamp('t.closed_text') }}
11:9 time CAST(t.opened AS TIMESTAMP WITH TIME ZONE) -> cast(t.opened as timestamp)
12:9 type CAST(t.tip AS DECIMAL) -> decimal(38, 0)
13:9 hash LOWER(TO_HEX(MD5(t.no))) -> md5(t.no)
19:5 nulls CONCAT('T', k.no) -> 'T' || cast(k.no as varchar)
20:5 time DATE_FORMAT(AT_TIMEZONE(k.closed_at, 'Europe/Berlin'), '%Y-%m-%dT%TZ') -> AT_TIMEZONE(k.closed_at, 'Europe/Berlin')
20:16 time AT_TIMEZONE(k.closed_at, 'Europe/Berlin') -> k.closed_at
21:5 hash IF(k.weekday < 6, TO_HEX(SHA256(TO_UTF8(k.mail)))) -> {{ hashed_email('t.mail') }}
22:5 money CAST(k.whole_tip AS DOUBLE) -> decimal(18, 2)
27:21 window k.opened_tz > CURRENT_DATE - INTERVAL '3' DAY -> {{ lookback('k.opened_tz', 3) }}
