-- expect: 12:5 note PU801 dayname() gives `Mon` for `Monday` on Spark and is missing in PostgreSQL.
-- expect: 13:5 note PU801 monthname() gives `Jun` for `June` on Spark and is missing in PostgreSQL.
-- expect: 14:5 note PU801 isodow() gives another number on Spark and is missing in PostgreSQL.
-- expect: 15:5 note PU801 dayofweek() gives another number on Spark and is missing in PostgreSQL.
-- expect: 16:5 note PU801 week() is missing elsewhere.
-- expect: 17:5 note PU801 weekofyear() is missing in PostgreSQL.
-- expect: 18:5 note PU801 second() is missing in PostgreSQL.
-- expect: 19:25 note PU801 extract(second ...) is whole in DuckDB and has its fraction elsewhere.
-- expect: 20:5 note PU801 date_add() fails on Spark.
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
    date_add(placed_at, interval 1 day) as next_day
from {{ source('market', 'orders') }}
