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
    cast(cardinality(k.labels) as varchar) as query
from tickets k
where k.nth = 1 and k.opened_tz > current_date - interval '3' day and k.week < k.opened_tz
-- refused:
25:10 import-function `CARDINALITY(k.labels)` has no known equal in DuckDB.
