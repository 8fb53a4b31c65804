-- expect: 24:5 note PU801 dayname() gives `Mon` for `Monday` on Spark.
-- expect: 25:5 note PU801 monthname() gives `Jun` for `June` on Spark.
-- expect: 26:5 note PU801 isodow() gives another number on Spark, or fails.
-- expect: 27:5 note PU801 dayofweek() gives another number on Spark, or fails.
-- expect: 28:5 note PU801 week() is missing elsewhere.
-- expect: 29:5 note PU801 weekofyear() is missing in PostgreSQL.
-- expect: 30:5 note PU801 second() is missing in PostgreSQL.
-- expect: 31:25 note PU801 The part `second` of a time is whole in DuckDB and has its fraction elsewhere.
-- expect: 32:5 note PU801 date_add() fails on Spark.
-- expect: 33:5 note PU801 weekday() gives another number on Spark, or fails.
-- expect: 34:22 note PU801 The part `dow` of a time gives another number on Spark, or fails.
-- expect: 35:5 note PU801 The part `isodow` of a time gives another number on Spark, or fails.
-- expect: 36:26 note PU801 The part `isoyear` of a time is missing on Spark.
-- expect: 37:5 note PU801 dayofmonth() is missing in PostgreSQL.
-- expect: 38:5 note PU801 dayofyear() is missing in PostgreSQL.
-- expect: 39:5 note PU801 quarter() is missing in PostgreSQL.
-- expect: 40:5 note PU801 hour() is missing in PostgreSQL.
-- expect: 41:5 note PU801 minute() is missing in PostgreSQL.
-- expect: 42:5 note PU801 date_trunc('day', ...) of a date is NULL on Spark.
-- expect: 43:5 note PU801 log() is to the base of 10 here and of e on Spark.
-- expect: 44:5 note PU801 trunc() leaves no decimals on Spark.
select
    order_id,
    dayname(placed_at) as day,
    monthname(placed_at) as month,
    isodow(placed_at) as number,
    dayofweek(placed_at) as other_number,
    week(placed_at) as week,
    weekofyear(placed_at) as other_week,
    second(placed_at) as second,
    extract(second from placed_at) as other_second,
    date_add(placed_at, interval 1 day) as next_day,
    weekday(placed_at) as weekday,
    extract(dow from placed_at) as dow,
    date_part('isodow', placed_at) as isodow,
    extract(isoyear from placed_at) as isoyear,
    dayofmonth(placed_at) as day_of_month,
    dayofyear(placed_at) as day_of_year,
    quarter(placed_at) as quarter,
    hour(placed_at) as hour,
    minute(placed_at) as minute,
    date_trunc('day', cast(placed_at as date)) as midnight,
    log(total) as log,
    trunc(total, 1) as cut
from {{ source('market', 'orders') }}
